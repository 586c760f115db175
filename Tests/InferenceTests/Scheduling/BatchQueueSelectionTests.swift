import Batching
import EngineInterface
import Inference
import Servables
import ServingMetrics
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

/// Which requests share a queue.
@Suite struct BatchQueueSelectionTests {
    @Test func `each set of outputs has a queue of its own, in whatever order it is asked for`() async throws {
        let bench = await BatchingBench(try model(inputs: ["x"], outputs: ["a", "b", "c"]))
        let answers = try [[], ["a"], ["c", "a"], ["a", "c"], ["c", "b", "a"]].map {
            bench.submit(try call(outputs: $0))
        }
        bench.runAll()
        #expect(Set(bench.runs.outputs) == [[0, 1, 2], [0], [0, 2]] && bench.runs.outputs.count == 3)
        #expect(
            answers.map { $0.outputs?.map(\.name) } == [
                ["a", "b", "c"], ["a"], ["c", "a"], ["a", "c"], ["c", "b", "a"],
            ]
        )
    }

    @Test func `outputs asked for in another order are not mixed up`() async throws {
        let parameters = ["a", "b"].map {
            Signature.Parameter(name: $0, elementType: .float32, shape: [-1], tensorName: $0)
        }
        let signature = Signature(
            name: "serving_default",
            methodName: "",
            inputs: [.init(name: "x", elementType: .float32, shape: [-1], tensorName: "x:0")],
            outputs: parameters
        )
        let model = FakeModel(signatures: [signature]) { (request) throws(ServingError) in
            do throws(TensorError) {
                return try request.outputs.map { (output) throws(TensorError) in
                    let values = request.inputs[0].scalars(as: Float.self).map { $0 + Float(output) * 100 }
                    return try Tensor(.float32, .vector(values.count), scalars: values)
                }
            } catch {
                throw .internalError(error.message)
            }
        }
        let bench = await BatchingBench(model)
        func submit(_ value: Float, _ outputs: [String]) throws -> BatchingBench.Answer {
            bench.submit(
                PredictCall(
                    model: ModelSelector(name: "m"),
                    inputs: [try floats("x", [value])],
                    outputFilter: outputs
                )
            )
        }
        let answers = [try submit(1, ["b", "a"]), try submit(2, []), try submit(3, ["a", "b"])]
        bench.runAll()
        #expect(bench.runs.inputs == [[1, 2, 3]])
        let values = answers.map { $0.outputs?.map { $0.tensor.scalars(as: Float.self) } }
        #expect(values == [[[101], [1]], [[2], [102]], [[3], [103]]])
    }

    @Test func `signatures with the same tensors share batches`() async throws {
        let bench = await BatchingBench(twoNames())
        let answers = try ["one", "two"].map { name in
            let inputs = [try floats("\(name)_p", [1]), try floats("\(name)_q", [2])]
            return bench.submit(
                PredictCall(model: ModelSelector(name: "m", signatureName: name), inputs: inputs)
            )
        }
        bench.runAll()
        #expect(bench.runs.inputs.count == 1)
        #expect(answers.map(\.floats) == [[-1], [1]], "p - q, whatever the inputs are called")
    }

    /// Two signatures over the tensors p and q, whose difference they give: `one` calls p one_p, `two` calls it two_q.
    private func twoNames() -> FakeModel {
        func signature(_ name: String, _ p: String, _ q: String) -> Signature {
            Signature(
                name: name,
                methodName: "",
                inputs: [
                    .init(name: p, elementType: .float32, shape: [-1], tensorName: "p:0"),
                    .init(name: q, elementType: .float32, shape: [-1], tensorName: "q:0"),
                ],
                outputs: [.init(name: "y", elementType: .float32, shape: [-1], tensorName: "y:0")]
            )
        }
        let signatures = [signature("one", "one_p", "one_q"), signature("two", "two_q", "two_p")]
        return FakeModel(signatures: signatures) { (request) throws(ServingError) in
            let inputs = signatures[request.signature].inputs
            let p = request.inputs[inputs.firstIndex { $0.tensorName == "p:0" }!].scalars(as: Float.self)
            let q = request.inputs[inputs.firstIndex { $0.tensorName == "q:0" }!].scalars(as: Float.self)
            do throws(TensorError) {
                return [try Tensor(.float32, .vector(p.count), scalars: zip(p, q).map { $0 - $1 })]
            } catch {
                throw .internalError(error.message)
            }
        }
    }

    @Test func `beyond so many sets of outputs further ones run by themselves`() async throws {
        let names = (0..<70).map { "out\($0)" }
        let bench = await BatchingBench(try model(inputs: ["x"], outputs: names))
        for name in names.prefix(64) { _ = bench.submit(try call(outputs: [name])) }
        #expect(bench.runs.inputs.isEmpty)
        let further = bench.submit(try call(outputs: ["out69"]))
        #expect(bench.scheduler.runDueBatch() && further.outputs != nil)
        #expect(bench.runs.inputs.count == 1)
        let all = bench.submit(try call())
        #expect(!all.isThere, "whole signatures always have a queue")
        bench.runAll()
        #expect(all.isThere && bench.runs.inputs.count == 66)
    }

    @Test func `a version is unloaded when its batches are done, and its queues go with it`() async throws {
        let bench = await BatchingBench()
        var answer: BatchingBench.Answer? = try bench.submit([2])
        bench.service.aspire()
        await bench.service.recorder.wait(for: 3, .unloading)
        bench.runAll()
        #expect(answer?.floats == [3])
        answer = nil
        await bench.service.recorder.wait(for: 3, .end)
        #expect(!bench.scheduler.runDueBatch())
    }

    @Test func `warm-up calls are batched`() throws {
        let scheduler = BatchScheduler(threadCount: 1)
        defer { scheduler.shutdown() }
        let seen = Mutex<[[Int]]>([])
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { request in
            seen.withLock { $0.append(request.inputs[0].shape.dimensions) }
            return request.inputs
        }
        let options = ModelBatchingOptions(limits: BatchLimits(maximumTaskSize: 8), allowedBatchSizes: [8])
        let queues = ModelQueues(scheduler: scheduler, rules: .parameters(options))
        let servable = ModelServable(model: model, queues: queues)
        let loaders = FakeLoaderFactory([:], scheduler: scheduler)
        let service = InferenceService(manager: ServableManager(loaders: loaders))
        let version = ResolvedModel(warmingUp: servable, as: ServableID(name: "m", version: 9))
        try service.warmUp(version, with: .predict(try call()))
        #expect(seen.withLock { $0 } == [[8]])
    }

    @Test func `batches are counted`() async throws {
        let bench = await BatchingBench(
            try model(inputs: ["a", "b"], outputs: ["y"]),
            limits: BatchLimits(maximumTaskSize: 8, maximumWaitNanoseconds: .max),
            allowedBatchSizes: [4, 8]
        )
        for _ in 0..<3 { _ = bench.submit(try call(["a", "b"])) }
        bench.runAll()
        let metrics = bench.metrics
        #expect(metrics.batchingInputBatchSize.cell([]).counts.reduce(0, +) == 6)
        #expect(metrics.batchingInputBatchSize.cell([]).sum == 6)
        #expect(metrics.batchingQueuingLatency.cell([""]).counts.reduce(0, +) == 3)
        #expect(metrics.batchingWrappedRunCount.cell([]).value == 1)
        #expect(metrics.batchingProcessedBatchSize.cell([]).sum == 4)
        #expect(metrics.batchingPaddingSize.cell(["4"]).sum == 1)
    }
}
