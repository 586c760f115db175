import Batching
import EngineInterface
import Inference
import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

@testable import ModelServing

@Suite struct LocalPredictorTests {
    /// Shards by name, each of which answers with its inputs.
    private struct Bench {
        let manager: ServableManager
        let service: InferenceService
        let scheduler: BatchScheduler
        let predictor: LocalPredictor

        init(_ models: [String: FakeModel], threads: Int = 2) async {
            let scheduler = BatchScheduler(threadCount: 1)
            self.scheduler = scheduler
            manager = ServableManager(
                loaders: FakeLoaderFactory(models) { ModelQueues(scheduler: scheduler, rules: .alone) }
            )
            service = InferenceService(manager: manager)
            let recorder = StateRecorder(manager)
            for name in models.keys {
                let version = AspiredVersion(id: ServableID(name: name, version: 3), path: "")
                manager.aspire(AspiredVersions(model: name, versions: [version]))
                await recorder.wait(for: 3, of: name, .available)
            }
            predictor = LocalPredictor(threadCount: threads)
            predictor.use(service)
        }

        func ask(_ prediction: RemotePrediction) async -> Result<[Tensor], ServingError> {
            await withCheckedContinuation { continuation in
                predictor.predict(prediction) { continuation.resume(returning: $0) }
            }
        }

        func close() {
            predictor.close()
            scheduler.shutdown()
        }
    }

    private static func shard(_ factor: Float, gate: Gate? = nil) -> FakeModel {
        let signature = Signature(
            name: "raw_lookup",
            methodName: "tensorflow/serving/predict",
            inputs: [.init(name: "id", elementType: .float32, shape: [-1], tensorName: "id:0")],
            outputs: ["a", "b"].map { .init(name: $0, elementType: .float32, shape: [-1], tensorName: "\($0):0") }
        )
        return FakeModel(signatures: [signature]) { (request) throws(ServingError) in
            gate?.wait()
            let values = request.inputs[0].scalars(as: Float.self)
            return request.outputs.map { output in
                // As many scalars as the shape says.
                try! Tensor(.float32, .vector(values.count), scalars: values.map { $0 * factor + Float(output) })
            }
        }
    }

    private static func prediction(
        _ model: String,
        old: String = "",
        version: Int64? = nil,
        signature: String = "raw_lookup",
        outputs: [String] = ["a"],
        deadline: Deadline = .never
    ) throws -> RemotePrediction {
        RemotePrediction(
            model: model,
            oldModel: old,
            task: 0,
            version: version,
            signature: signature,
            inputs: [("id", try Tensor(.float32, .vector(2), scalars: [1, 2] as [Float]))],
            outputs: outputs,
            deadline: deadline
        )
    }

    @Test(
        arguments: [
            ("m:ps_0", "ps_0", ["m:ps_0", "ps_0", "ps:0"]), (":ps_1", "ps_1", ["ps_1", "ps:1"]),
            ("m:ps_0", "", ["m:ps_0"]), ("", "", []), ("m:dense_0", "dense_0", ["m:dense_0", "dense_0", "dense:0"]),
            ("m:ps_0", "my_ps_0", ["m:ps_0", "my_ps_0", "my:ps_0"]),
        ] as [(String, String, [String])]
    )
    func `a shard is looked for by all names that it may have`(model: String, old: String, names: [String]) throws {
        #expect(try Self.prediction(model, old: old).names == names)
    }

    @Test(arguments: ["m:ps_0", "ps_0", "ps:0"])
    func `a shard of this server answers, under whatever name`(name: String) async throws {
        let bench = await Bench([name: Self.shard(10), "other": Self.shard(0)])
        defer { bench.close() }
        let answer = try await bench.ask(Self.prediction("m:ps_0", old: "ps_0")).get()
        #expect(answer.map { $0.scalars(as: Float.self) } == [[10, 20]])
    }

    @Test func `the name with the model's comes first`() async throws {
        let bench = await Bench(["m:ps_0": Self.shard(10), "ps_0": Self.shard(0)])
        defer { bench.close() }
        let answer = try await bench.ask(Self.prediction("m:ps_0", old: "ps_0")).get()
        #expect(answer[0].scalars(as: Float.self) == [10, 20])
    }

    @Test(arguments: [("b:ps_0", false), (":ps_0", true), ("", true)])
    func `a second name is not another model's shard`(model: String, isFound: Bool) async throws {
        let bench = await Bench(["a:ps_0": Self.shard(10)])
        defer { bench.close() }
        bench.manager.replaceAliases(["ps_0": "a:ps_0"])
        let prediction = try Self.prediction(model, old: "ps_0")
        #expect(bench.predictor.has(prediction) == isFound)
        let answer = await bench.ask(prediction)
        #expect(isFound ? answer.failure == nil : answer.failure?.code == .unavailable)
    }

    @Test func `outputs come in the order they were asked for`() async throws {
        let bench = await Bench(["ps_0": Self.shard(10)])
        defer { bench.close() }
        let answer = try await bench.ask(Self.prediction("ps_0", outputs: ["b", "a"])).get()
        #expect(answer.map { $0.scalars(as: Float.self) } == [[11, 21], [10, 20]])
        #expect(try await bench.ask(Self.prediction("ps_0", outputs: [])).get().isEmpty)
    }

    @Test func `a model that is nowhere is told with where it was looked for`() async throws {
        let bench = await Bench(["other": Self.shard(0)])
        defer { bench.close() }
        let error = await bench.ask(try Self.prediction("m:ps_0", old: "ps_0")).failure
        #expect(error?.code == .unavailable)
        #expect(
            error?.message
                == "TfServingRemotePredict: there is no model to ask for \"m:ps_0\"; this server was searched "
                + "for \"m:ps_0\", \"ps_0\", \"ps:0\""
        )
    }

    @Test func `a version that is not there, a signature and an input are the shard's own errors`() async throws {
        let bench = await Bench(["m:ps_0": Self.shard(1), "ps_0": Self.shard(0)])
        defer { bench.close() }
        let version = await bench.ask(try Self.prediction("m:ps_0", old: "ps_0", version: 9)).failure
        #expect(version?.code == .unavailable)
        #expect(version?.message.contains("the model \"m:ps_0\" of this server does not answer: ") == true)
        let signature = await bench.ask(try Self.prediction("m:ps_0", signature: "lookup")).failure
        #expect(signature == .failedPrecondition("Serving signature key \"lookup\" not found."))
        let output = await bench.ask(try Self.prediction("m:ps_0", outputs: ["c"])).failure
        #expect(output?.code == .invalidArgument)
    }

    /// The engine's thread waits for the shard, as that of an entry does.
    @Test func `shards answer while all engine threads wait for them`() async throws {
        let bench = await Bench(["ps_0": Self.shard(10), "ps_1": Self.shard(20)])
        defer { bench.close() }
        let prediction = try Self.prediction("ps_0")
        let other = try Self.prediction("ps_1")
        let (answers, add) = AsyncStream<Float?>.makeStream()
        let queue = bench.scheduler.makeQueue(BatchQueue<Int>(limits: BatchLimits())) {
            [predictor = bench.predictor] _ in
            let results = (BlockingResult<[Tensor], ServingError>(), BlockingResult<[Tensor], ServingError>())
            predictor.predict(prediction) { results.0.set($0) }
            predictor.predict(other) { results.1.set($0) }
            add.yield((try? results.0.wait().get())?[0].scalars(as: Float.self)[0])
            add.yield((try? results.1.wait().get())?[0].scalars(as: Float.self)[0])
            add.finish()
            return .nothing
        }
        try queue.submit(0, TaskTerms(size: 1))
        var seen: [Float?] = []
        for await answer in answers { seen.append(answer) }
        #expect(seen == [10, 20])
    }

    @Test func `an answer that comes too late is none, and one whose time is over is not computed`() async throws {
        let gate = Gate()
        let bench = await Bench(["ps_0": Self.shard(1, gate: gate), "ps_1": Self.shard(1)], threads: 1)
        defer { bench.close() }
        let soon = Deadline.after(nanoseconds: 20_000_000, from: .now())
        let error = await bench.ask(try Self.prediction("ps_0", deadline: soon)).failure
        #expect(
            error == .deadlineExceeded("TfServingRemotePredict: \"ps_0\" did not answer in time")
        )
        // The one thread is still at it.
        let second = await bench.ask(try Self.prediction("ps_1", deadline: soon)).failure
        #expect(second?.code == .deadlineExceeded)
        gate.open()
        let third = try await bench.ask(Self.prediction("ps_1")).get()
        #expect(third[0].scalars(as: Float.self) == [1, 2])
    }

    @Test func `a server that ends refuses`() async throws {
        let bench = await Bench(["ps_0": Self.shard(1)])
        bench.close()
        #expect(await bench.ask(try Self.prediction("ps_0")).failure == .unavailable("The server is shutting down"))
    }

    @Test func `a shard that goes keeps its answer`() async throws {
        let bench = await Bench(["ps_0": Self.shard(10)])
        defer { bench.close() }
        let answer = try await bench.ask(Self.prediction("ps_0")).get()
        bench.manager.aspire(AspiredVersions(model: "ps_0", versions: []))
        #expect(answer[0].scalars(as: Float.self) == [10, 20])
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
