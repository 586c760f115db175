import Batching
import EngineInterface
import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

@testable import Inference

/// Batches that nobody asked for: what may share one, and that nobody gets a wrong answer.
@Suite struct AdaptiveRunTests {
    private func bench(
        _ model: FakeModel = .halfPlusTwo(),
        rules: ModelQueues.Rules = .adaptive(pads: false)
    ) async -> BatchingBench {
        await BatchingBench(model, rules: rules)
    }

    /// Runs batches of three until they count as proven.
    private func prove(_ bench: BatchingBench) throws {
        for _ in 0..<BatchVerification.batchCount {
            for value in 0..<3 { _ = try bench.submit([Float(value)]) }
            bench.runAll()
        }
    }

    @Test func `the first batches are checked against single runs, later ones are not`() async throws {
        let bench = await bench()
        try prove(bench)
        let checked = bench.runs.inputs.count
        #expect(checked == BatchVerification.batchCount * 4, "each batch, and each of its three requests")
        let requests: [[Float]] = [[2], [4, 6], [8]]
        let answers = try requests.map { try bench.submit($0) }
        bench.runAll()
        // How many batches is the scheduler's affair.
        let later = bench.runs.inputs[checked...]
        #expect(later.flatMap { $0 } == [2, 4, 6, 8])
        #expect(answers.map(\.floats) == [[3], [4, 5], [6]])
        #expect(try bench.verdict == .independent)
    }

    @Test func `a model whose batches give something else is never asked for one again`() async throws {
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { (request) throws(ServingError) in
            let values = request.inputs[0].scalars(as: Float.self)
            let mean = values.reduce(0, +) / Float(values.count)
            do throws(TensorError) {
                return [try Tensor(.float32, request.inputs[0].shape, scalars: values.map { $0 - mean })]
            } catch {
                throw .internalError(error.message)
            }
        }
        let bench = await bench(model)
        let requests: [[Float]] = [[1], [5], [9, 11]]
        let first = try requests.map { try bench.submit($0) }
        bench.runAll()
        #expect(first.map(\.floats) == [[0], [0], [-1, 1]], "the answers are those of single runs")
        guard case .dependent = try bench.verdict else {
            Issue.record("the difference was not seen")
            return
        }
        let before = bench.runs.inputs.count
        let second = try requests.prefix(2).map { try bench.submit($0) }
        bench.runAll()
        #expect(second.map(\.floats) == [[0], [0]])
        #expect(Array(bench.runs.inputs[before...]) == [[1], [5]])
    }

    @Test func `a model whose batches fail is not asked for one again`() async throws {
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { (request) throws(ServingError) in
            guard request.inputs[0].shape[0] == 1 else { throw .invalidArgument("one row only") }
            return [request.inputs[0]]
        }
        let bench = await bench(model)
        for _ in 0..<2 {
            let requests: [[Float]] = [[1], [5]]
            let answers = try requests.map { try bench.submit($0) }
            bench.runAll()
            #expect(answers.map(\.floats) == [[1], [5]])
        }
        #expect(try bench.verdict == .dependent("a batch fails: INVALID_ARGUMENT: one row only"))
    }

    @Test func `only the request that is wrong fails`() async throws {
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { (request) throws(ServingError) in
            if request.inputs[0].scalars(as: Float.self).contains(-1) { throw .invalidArgument("a negative value") }
            return [request.inputs[0]]
        }
        let bench = await bench(model)
        try prove(bench)
        let answers = try (0..<8).map { try bench.submit([$0 == 5 ? -1 : Float($0)]) }
        bench.runAll()
        #expect(answers[5].error == .invalidArgument("a negative value"))
        for index in 0..<8 where index != 5 { #expect(answers[index].floats == [Float(index)]) }
    }

    @Test func `an error that is nobody's fails the batch once`() async throws {
        let fails = Mutex(false)
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { (request) throws(ServingError) in
            if fails.withLock({ $0 }) { throw .unavailable("the device is gone") }
            return [request.inputs[0]]
        }
        let bench = await bench(model)
        try prove(bench)
        fails.withLock { $0 = true }
        let before = bench.runs.inputs.count
        let answers = try (0..<4).map { try bench.submit([Float($0)]) }
        bench.runAll()
        #expect(answers.allSatisfy { $0.error == .unavailable("the device is gone") })
        #expect(bench.runs.inputs[before...].flatMap { $0 } == [0, 1, 2, 3], "no request is run twice")
    }

    @Test func `rows of different shapes run apart`() async throws {
        let bench = await bench(try model(inputs: ["x"], outputs: ["y"]))
        try prove(bench)
        let before = bench.runs.shapes.count
        let answers = try [[1, 2], [1, 3], [2, 2]].map { dimensions in
            let shape = try TensorShape(dimensions)
            return bench.submit(
                try Tensor(.float32, shape, scalars: Array(repeating: Float(1), count: shape.elementCount))
            )
        }
        bench.runAll()
        let shapes: [[Int]?] = answers.map { $0.outputs?[0].tensor.shape.dimensions }
        #expect(shapes == [[1, 2], [1, 3], [2, 2]])
        #expect(Set(bench.runs.shapes[before...]) == [[3, 2], [1, 3]])
    }

    @Test func `inputs without rows, or with none, run by themselves`() async throws {
        let bench = await bench()
        let scalar = bench.submit(try Tensor(.float32, .scalar, scalars: [4 as Float]))
        let empty = try bench.submit([])
        bench.runAll()
        #expect(scalar.floats == [4] && empty.floats == [])
        #expect(bench.runs.shapes == [[], [0]])
    }

    @Test func `a signature without open rows is not batched`() async throws {
        let parameter = Signature.Parameter(name: "x", elementType: .float32, shape: [1], tensorName: "x:0")
        let bench = await bench(FakeModel.echo([parameter]))
        let requests: [[Float]] = [[1], [2]]
        let answers = try requests.map { try bench.submit($0) }
        bench.runAll()
        #expect(answers.map(\.floats) == [[1], [2]] && bench.runs.inputs == [[1], [2]])
    }

    @Test func `what one turn of an event loop reads is queued together`() async throws {
        let bench = await bench()
        try prove(bench)
        let flushes = Mutex(0)
        let intake = RunIntake { flushes.withLock { $0 += 1 } }
        let answers = try (0..<5).map { try bench.submit([Float($0)], intake: intake) }
        bench.runAll()
        #expect(flushes.withLock { $0 } == 1 && answers.allSatisfy { !$0.isThere })
        let before = bench.runs.inputs.count
        intake.flush()
        bench.runAll()
        #expect(bench.runs.inputs[before...].flatMap { $0 } == [0, 1, 2, 3, 4])
        #expect(bench.runs.inputs.count - before < 5, "some share a batch")
        let expected: [[Float]?] = [[2], [2.5], [3], [3.5], [4]]
        #expect(answers.map(\.floats) == expected)
        _ = try bench.submit([1], intake: intake)
        #expect(flushes.withLock { $0 } == 2)
        intake.flush()
        bench.runAll()
    }

    @Test func `a run that is cancelled before its turn ends is not queued`() async throws {
        let bench = await bench()
        let intake = RunIntake {}
        let answers = try (0..<2).map { try bench.submit([Float($0)], intake: intake) }
        answers[0].queued?.cancel()
        intake.flush()
        bench.runAll()
        #expect(answers[0].error?.code == .cancelled && answers[1].floats == [2.5])
        #expect(bench.runs.inputs == [[1]])
    }

    @Test func `more shapes than are counted run by themselves`() async throws {
        let bench = await bench(try model(inputs: ["x"], outputs: ["y"]))
        let answers = try (1...300).map { width in
            bench.submit(
                try Tensor(.float32, TensorShape([1, width]), scalars: Array(repeating: Float(width), count: width))
            )
        }
        bench.runAll()
        for (index, answer) in answers.enumerated() {
            #expect(answer.outputs?[0].tensor.shape.dimensions == [1, index + 1])
        }
    }
}

extension BatchingBench {
    /// What is known of batches of the default signature.
    var verdict: BatchVerification.Verdict? {
        get throws { try service.service.schedule(ModelSelector(name: "m")).queues[0].verification }
    }
}
