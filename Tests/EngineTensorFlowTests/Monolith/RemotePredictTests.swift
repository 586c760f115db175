import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors
import Testing

@testable import EngineTensorFlow

@Suite struct RemotePredictTests {
    /// Answers as a test says.
    private final class Predictor: RemotePredicting {
        typealias Answer = @Sendable (RemotePrediction) -> Result<[Tensor], ServingError>

        let asked = Mutex<[RemotePrediction]>([])
        private let onOtherThread: Bool
        private let answer: Answer

        init(onOtherThread: Bool = false, _ answer: @escaping Answer) {
            self.onOtherThread = onOtherThread
            self.answer = answer
        }

        func predict(
            _ prediction: RemotePrediction,
            completion: @escaping @Sendable (Result<[Tensor], ServingError>) -> Void
        ) {
            asked.withLock { $0.append(prediction) }
            guard onOtherThread else { return completion(answer(prediction)) }
            startThread(named: "answer") { [answer] in completion(answer(prediction)) }
        }
    }

    private static let doubled: Predictor.Answer = { prediction in
        .success([.floats(prediction.inputs[0].tensor.scalars(as: Int64.self).map { Float($0) * 2 })])
    }

    /// What is asked of the shards, one node each, and all of their answers joined.
    private func graph(
        shards: Int = 1,
        _ attributes: [String: GraphFixture.Attribute] = [:],
        inputNames: [String] = ["id"],
        outputNames: [String] = ["flat_emb"],
        types: [ElementType] = [.float32]
    ) -> GraphFixture {
        var graph = GraphFixture()
        graph.placeholders(["id"], .int64)
        graph.strings("inputs", inputNames)
        graph.strings("outputs", outputNames)
        var outputs: [String: (tensor: String, type: ElementType)] = [:]
        for shard in 0..<shards {
            var all: [String: GraphFixture.Attribute] = [
                "T": .types([.int64]), "output_types": .types(types), "model_name": .text("m:ps_\(shard)"),
                "old_model_name": .text("ps_\(shard)"), "task": .integer(shard), "signature_name": .text("raw_lookup"),
                "model_version": .integer(-1), "fail_op_on_rpc_error": .flag(true),
                "max_rpc_deadline_millis": .integer(30_000),
            ]
            all.merge(attributes) { $1 }
            graph.node("ask\(shard)", "TfServingRemotePredict", ["inputs", "id", "outputs"], all)
            // What follows an answer runs in the thread that gave it.
            graph.node("after\(shard)", "Identity", ["ask\(shard):2"], ["T": .type(types[0])])
            outputs["emb\(shard)"] = ("after\(shard):0", types[0])
            outputs["code\(shard)"] = ("ask\(shard):0", .int32)
            outputs["message\(shard)"] = ("ask\(shard):1", .string)
        }
        graph.signature(inputs: ["id": ("id:0", .int64)], outputs: outputs)
        return graph
    }

    private let ids: [String: Tensor] = ["id": .integers([3, 5])]

    @Test(arguments: [false, true])
    func `answers come at once or from another thread`(onOtherThread: Bool) throws {
        let predictor = Predictor(onOtherThread: onOtherThread, Self.doubled)
        let model = try graph(shards: 3).load(asking: predictor)
        defer { model.close() }
        for _ in 0..<20 {
            let answer = try model.answer(ids)
            for shard in 0..<3 {
                #expect(answer["emb\(shard)"]?.scalars(as: Float.self) == [6, 10])
                #expect(answer["code\(shard)"]?.scalars(as: Int32.self) == [0])
                #expect(answer["message\(shard)"]?.stringValues() == [[]])
            }
        }
    }

    @Test func `the call says what the node says`() throws {
        let predictor = Predictor(Self.doubled)
        let model = try graph(shards: 2).load(asking: predictor)
        defer { model.close() }
        let begin = MonotonicTime.now()
        _ = try model.answer(ids)
        let asked = predictor.asked.withLock { $0 }.sorted { $0.task < $1.task }
        try #require(asked.count == 2)
        #expect(asked.map(\.model) == ["m:ps_0", "m:ps_1"])
        #expect(asked.map(\.oldModel) == ["ps_0", "ps_1"])
        #expect(asked.map(\.task) == [0, 1])
        #expect(asked.map(\.version) == [nil, nil])
        #expect(asked.map(\.signature) == ["raw_lookup", "raw_lookup"])
        #expect(asked.map(\.outputs) == [["flat_emb"], ["flat_emb"]])
        #expect(asked[0].inputs.map(\.name) == ["id"])
        #expect(asked[0].inputs[0].tensor.scalars(as: Int64.self) == [3, 5])
        #expect(asked[0].deadline.time.nanoseconds(since: begin) >= 30_000_000_000)
        #expect(!asked[0].deadline.isNever)
    }

    @Test func `a version is asked for by its number`() throws {
        let predictor = Predictor(Self.doubled)
        let model = try graph(["model_version": .integer(7)]).load(asking: predictor)
        defer { model.close() }
        _ = try model.answer(ids)
        #expect(predictor.asked.withLock { $0.map(\.version) } == [7])
    }

    @Test(arguments: [30_000, 0, -5]) func `the caller's deadline counts where it is earlier`(limit: Int) throws {
        let predictor = Predictor(Self.doubled)
        let model = try graph(["max_rpc_deadline_millis": .integer(limit)]).load(asking: predictor)
        defer { model.close() }
        let deadline = Deadline.after(nanoseconds: 20_000_000_000, from: .now())
        _ = try model.answer(ids, deadline: deadline)
        #expect(predictor.asked.withLock { $0.map(\.deadline) } == [deadline])
    }

    @Test func `a run whose deadline has passed asks nobody`() throws {
        let predictor = Predictor(Self.doubled)
        let model = try graph().load(asking: predictor)
        defer { model.close() }
        let error = #expect(throws: ServingError.self) {
            try model.answer(ids, deadline: Deadline(MonotonicTime(nanoseconds: 1)))
        }
        #expect(error?.code == .deadlineExceeded)
        #expect(predictor.asked.withLock { $0.isEmpty })
    }

    @Test(arguments: [CanonicalCode.unavailable, .deadlineExceeded, .notFound, .invalidArgument])
    func `a call that fails fails the run with its code`(code: CanonicalCode) throws {
        let model = try graph(shards: 2).load(
            asking: Predictor(onOtherThread: true) { _ in .failure(ServingError(code, "no shard")) }
        )
        defer { model.close() }
        let error = #expect(throws: ServingError.self) { try model.answer(ids) }
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(error?.message.contains("no shard") == true)
    }

    @Test(arguments: [ElementType.float32, .string, .int64, .bool])
    func `where nodes do not fail there are placeholders`(type: ElementType) throws {
        let predictor = Predictor { _ in .failure(.unavailable("no shard")) }
        let model = try graph(["fail_op_on_rpc_error": .flag(false)], types: [type]).load(asking: predictor)
        defer { model.close() }
        let answer = try model.answer(ids)
        #expect(answer["code0"]?.scalars(as: Int32.self) == [14])
        #expect(answer["message0"]?.stringValues() == [Array("no shard".utf8)])
        #expect(answer["emb0"]?.shape == .scalar)
        #expect(answer["emb0"]?.elementType == type)
        #expect(answer["emb0"]?.content.allSatisfy { $0 == 0 } == true)
    }

    @Test func `without anybody to ask the run says so`() throws {
        let model = try graph().load()
        defer { model.close() }
        let error = #expect(throws: ServingError.self) { try model.answer(ids) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("TfServingRemotePredict: the model \"m:ps_0\" cannot be asked") == true)
    }

    @Test func `answers of another type or number are refused`() throws {
        let wrongType = try graph().load(asking: Predictor { _ in .success([.integers([1])]) })
        defer { wrongType.close() }
        let error = #expect(throws: ServingError.self) { try wrongType.answer(ids) }
        #expect(error?.code == .invalidArgument)
        #expect(
            error?.message.contains("output \"flat_emb\" of \"m:ps_0\" is of type int64; the graph expects float")
                == true
        )
        let tooMany = try graph().load(asking: Predictor { _ in .success([.floats([1]), .floats([1])]) })
        defer { tooMany.close() }
        let second = #expect(throws: ServingError.self) { try tooMany.answer(ids) }
        #expect(second?.message.contains("\"m:ps_0\" answered with 2 tensors; 1 are expected") == true)
    }

    @Test(
        arguments: [
            (["id", "id_split"], ["flat_emb"], "input_tensor_aliases has 2 names; 1 are expected"),
            (["id"], [], "output_tensor_aliases has 0 names; 1 are expected"),
            (["id"], ["a", "a"], "output_tensor_aliases has a name twice"),
        ] as [([String], [String], String)]
    )
    func `names that do not fit the tensors are refused`(inputs: [String], outputs: [String], reason: String) throws {
        let predictor = Predictor(Self.doubled)
        let model = try graph(inputNames: inputs, outputNames: outputs).load(asking: predictor)
        defer { model.close() }
        let error = #expect(throws: ServingError.self) { try model.answer(ids) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("TfServingRemotePredict: \(reason)") == true, "\(error?.message ?? "")")
        #expect(predictor.asked.withLock { $0.isEmpty })
    }

    @Test func `many runs at once each get their own answers`() async throws {
        let model = try graph(shards: 4).load(asking: Predictor(onOtherThread: true, Self.doubled))
        defer { model.close() }
        await withTaskGroup(of: Bool.self) { group in
            for id in 0..<100 as Range<Int64> {
                group.addTask {
                    let answer = try? model.answer(["id": .integers([id])])
                    return (0..<4).allSatisfy { answer?["emb\($0)"]?.scalars(as: Float.self) == [Float(id) * 2] }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
