import Batching
import EngineInterface
import Inference
import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

/// Rules and texts of TensorFlow Serving's `batching_session.cc` and `batching_util.h`.
@Suite struct BatchedRunTests {
    @Test func `requests run together and get their own rows`() async throws {
        let bench = await BatchingBench()
        let first = try bench.submit([2])
        let second = try bench.submit([4, 6])
        #expect(!first.isThere)
        bench.runAll()
        #expect(bench.runs.inputs == [[2, 4, 6]])
        #expect(first.floats == [3] && second.floats == [4, 5])
        #expect(first.outputs?.map(\.name) == ["y"])
    }

    @Test func `a signature that shares no batches runs alone, whatever the parameters say`() async throws {
        let plain = FakeModel.halfPlusTwo()
        var signature = plain.signatures[0]
        signature.sharesBatches = false
        let sizes = Mutex<[Int]>([])
        let model = FakeModel(signatures: [signature]) { (request) throws(ServingError) in
            sizes.withLock { $0.append(request.inputs[0].shape.elementCount) }
            return try plain.run(request)
        }
        let bench = await BatchingBench(model)
        let first = try bench.submit([2])
        let second = try bench.submit([4, 6])
        bench.runAll()
        #expect(first.floats == [3] && second.floats == [4, 5])
        #expect(sizes.withLock { $0.sorted() } == [1, 2])
    }

    @Test func `answers are views of one output, not copies`() async throws {
        let bench = await BatchingBench()
        let first = try bench.submit([2])
        let second = try bench.submit([4])
        bench.runAll()
        let owners = [first, second].compactMap { $0.outputs?.first?.tensor.memoryOwner }
        let isShared = owners.count == 2 && owners[0] === owners[1]
        #expect(isShared)
    }

    struct SizeCase: Sendable {
        var shapes: [[Int]]
        var text: String
    }

    @Test(arguments: [
        SizeCase(shapes: [], text: "Batching Run() must have at least one input tensor"),
        SizeCase(shapes: [[]], text: "Batching Run() input tensors must have at least one dimension"),
        SizeCase(shapes: [[2], [3]], text: "Batching Run() input tensors must have equal 0th-dimension size"),
        SizeCase(shapes: [[9]], text: "Task size 9 is larger than maximum input batch size 8"),
    ])
    func `requests that cannot be batched are refused at once`(_ example: SizeCase) async throws {
        let names = Array(["a", "b"].prefix(example.shapes.count))
        let bench = await BatchingBench(try model(inputs: names, outputs: ["y"]))
        let inputs = try zip(names, example.shapes).map { name, dimensions in
            let shape = try TensorShape(dimensions)
            let values = Array(repeating: Float(0), count: shape.elementCount)
            return NamedTensor(name: name, tensor: try Tensor(.float32, shape, scalars: values))
        }
        let answer = bench.submit(PredictCall(model: ModelSelector(name: "m"), inputs: inputs))
        #expect(answer.error == .invalidArgument(example.text))
    }

    @Test func `a full queue is unavailable`() async throws {
        let bench = await BatchingBench(
            limits: BatchLimits(maximumTaskSize: 2, maximumWaitNanoseconds: .max, maximumEnqueuedBatches: 1)
        )
        let first = try bench.submit([1, 2])
        let second = try bench.submit([3])
        #expect(
            second.error
                == .unavailable(
                    "The batch scheduling queue to which this task was submitted is full; currently 1 batches enqueued "
                        + "and max_enqueued_batches is 1"
                )
        )
        bench.runAll()
        #expect(first.floats == [2.5, 3])
    }

    @Test func `a batch is filled up with the first row of its last request`() async throws {
        let bench = await BatchingBench(allowedBatchSizes: [1, 4, 8])
        let first = try bench.submit([2])
        let second = try bench.submit([8, 6])
        bench.runAll()
        #expect(bench.runs.inputs == [[2, 8, 6, 8]])
        #expect(first.floats == [3] && second.floats == [6, 5])
        let third = try bench.submit([1, 2, 3, 4, 5])
        bench.runAll()
        #expect(bench.runs.shapes.last == [8] && third.floats?.count == 5)
    }

    @Test func `a batch larger than every allowed size runs as it is`() async throws {
        let bench = await BatchingBench(allowedBatchSizes: [2])
        let answer = try bench.submit([1, 2, 3])
        bench.runAll()
        #expect(bench.runs.shapes == [[3]] && answer.floats?.count == 3)
    }

    @Test func `requests of different shapes run apart where padding is off`() async throws {
        let bench = await BatchingBench(try model(inputs: ["x"], outputs: ["y"]))
        let answers = [bench.submit(try matrix(1, 2)), bench.submit(try matrix(1, 3))]
        bench.runAll()
        let shapes: [[Int]?] = answers.map { $0.outputs?.first?.tensor.shape.dimensions }
        #expect(shapes == [[1, 2], [1, 3]] && bench.runs.shapes == [[1, 2], [1, 3]])
    }

    @Test func `shorter rows are padded with their own first element, and answers keep the padding`() async throws {
        let bench = await BatchingBench(pads: true)
        let answers = [bench.submit(try matrix(1, 2)), bench.submit(try matrix(2, 3))]
        bench.runAll()
        #expect(bench.runs.shapes == [[3, 3]])
        #expect(bench.runs.inputs == [[12, 13, 12, 23, 24, 25, 26, 27, 28]])
        #expect(answers[0].outputs?.first?.tensor.shape.dimensions == [1, 3])
        #expect(answers[1].outputs?.first?.tensor.shape.dimensions == [2, 3])
    }

    @Test func `a rank that cannot be padded is refused`() async throws {
        let bench = await BatchingBench(pads: true)
        let answer = bench.submit(try Tensor(.float32, TensorShape([1, 1, 1, 1, 1, 1, 1]), scalars: [1 as Float]))
        bench.runAll()
        #expect(answer.error == .invalidArgument("Only tensors with rank from 1 to 6 can be padded."))
    }

    @Test(
        arguments: [
            // Nothing to pad with; another rank; too much of too little.
            [[1, 0], [1, 3]], [[1, 2], [1, 2, 3]], [[1, 40_000, 1], [1, 1, 40_000]],
        ]
    )
    func `what cannot be padded to each other runs apart`(shapes: [[Int]]) async throws {
        let bench = await BatchingBench(try model(inputs: ["x"], outputs: ["y"]), pads: true)
        let answers = try shapes.map { dimensions in
            let shape = try TensorShape(dimensions)
            let values = Array(repeating: Float(1), count: shape.elementCount)
            return bench.submit(try Tensor(.float32, shape, scalars: values))
        }
        bench.runAll()
        let given: [[Int]?] = answers.map { $0.outputs?.first?.tensor.shape.dimensions }
        #expect(given == shapes.map { $0 } && bench.runs.shapes == shapes)
    }

    @Test func `a request of another type fails alone`() async throws {
        let bench = await BatchingBench()
        let answers = [
            try bench.submit([1]), bench.submit(try Tensor(.float64, .vector(1), scalars: [1.0])),
            try bench.submit([2]),
        ]
        bench.runAll()
        #expect(answers[0].floats == [2.5] && answers[2].floats == [3])
        #expect(answers[1].error == .invalidArgument("Expects arg[0] to be float but double is provided"))
    }

    @Test func `a request that the model refuses fails alone`() async throws {
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { (request) throws(ServingError) in
            if request.inputs[0].scalars(as: Float.self).contains(-1) { throw .invalidArgument("a negative value") }
            return [request.inputs[0]]
        }
        let bench = await BatchingBench(model)
        let answers = try (0..<7).map { try bench.submit([$0 == 4 ? -1 : Float($0)]) }
        bench.runAll()
        #expect(answers[4].error == .invalidArgument("a negative value"))
        for index in 0..<7 where index != 4 { #expect(answers[index].floats == [Float(index)]) }
    }

    @Test func `an error of the model is every request's of the batch`() async throws {
        let signatures = FakeModel.halfPlusTwo().signatures
        let model = FakeModel(signatures: signatures) { _ throws(ServingError) in
            throw ServingError(.outOfRange, "no such row")
        }
        let bench = await BatchingBench(model)
        let answers = [try bench.submit([1]), try bench.submit([2])]
        bench.runAll()
        #expect(
            answers.map(\.error) == [
                ServingError(.outOfRange, "no such row"), ServingError(.outOfRange, "no such row"),
            ]
        )
    }

    @Test(
        arguments: [
            ([], "Batched output tensor has 0 dimensions"),
            (
                [3],
                "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input "
                    + "tensors"
            ),
        ] as [([Int], String)]
    )
    func `outputs need a row for each of the batch`(dimensions: [Int], text: String) async throws {
        let shape = try TensorShape(dimensions)
        let output = try Tensor(.float32, shape, scalars: Array(repeating: Float(0), count: shape.elementCount))
        let bench = await BatchingBench(FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { _ in [output] })
        let answers = [try bench.submit([1]), try bench.submit([2])]
        bench.runAll()
        #expect(answers.map(\.error) == [.failedPrecondition(text), .failedPrecondition(text)])
    }

    @Test func `a batch whose requests have all expired is not run`() async throws {
        let bench = await BatchingBench()
        let past = Deadline(MonotonicTime(nanoseconds: 1))
        let answers = [try bench.submit([1], deadline: past), try bench.submit([2], deadline: past)]
        bench.runAll()
        let error = ServingError(.resourceExhausted, "Run() timeout exceeded while waiting in batching queue")
        #expect(answers.map(\.error) == [error, error])
        #expect(bench.runs.inputs.isEmpty)
    }

    @Test func `a batch runs with the latest deadline of its requests`() async throws {
        let bench = await BatchingBench()
        let late = Deadline.after(nanoseconds: 3_600_000_000_000, from: .now())
        let answers = [
            try bench.submit([2], deadline: Deadline(MonotonicTime(nanoseconds: 1))),
            try bench.submit([4], deadline: late),
            try bench.submit([6], deadline: .after(nanoseconds: 60_000_000_000, from: .now())),
        ]
        bench.runAll()
        #expect(bench.runs.deadlines == [late])
        #expect(answers.map(\.floats) == [[3], [4], [5]])
        _ = try bench.submit([2], deadline: late)
        _ = try bench.submit([4])
        bench.runAll()
        #expect(bench.runs.deadlines.last == .never)
    }

    @Test func `a call that expires is told whether it still waited for its batch`() async throws {
        let seen = Mutex<ServingError?>(nil)
        let run = Mutex<QueuedRun?>(nil)
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { request in
            let run = run.withLock { $0 }
            seen.withLock { $0 = run?.timeoutError }
            return request.inputs
        }
        let bench = await BatchingBench(model)
        let queued = try bench.submit([2]).queued
        run.withLock { $0 = queued }
        #expect(
            queued?.timeoutError
                == ServingError(.resourceExhausted, "Run() timeout exceeded while waiting in batching queue")
        )
        bench.runAll()
        #expect(seen.withLock { $0 } == .deadlineExceeded("Timed out waiting for notification"))
    }

    @Test func `a cancelled request is taken out of its batch`() async throws {
        let bench = await BatchingBench()
        let answers = [try bench.submit([2]), try bench.submit([4])]
        answers[0].queued?.cancel()
        #expect(answers[0].isThere, "it leaves the queue at once")
        bench.runAll()
        #expect(bench.runs.inputs == [[4]])
        #expect(answers[0].error?.code == .cancelled && answers[1].floats == [4])
    }

    @Test func `a batch of cancelled requests is not run`() async throws {
        let bench = await BatchingBench()
        let answer = try bench.submit([2])
        answer.queued?.cancel()
        bench.runAll()
        #expect(bench.runs.inputs.isEmpty && answer.error?.code == .cancelled)
    }

    @Test func `requests without rows are answered, alone and with others`() async throws {
        let bench = await BatchingBench(allowedBatchSizes: [2, 8])
        let alone = try bench.submit([])
        bench.runAll()
        #expect(bench.runs.shapes == [[0]] && alone.floats == [])
        let answers = [try bench.submit([2]), try bench.submit([])]
        bench.runAll()
        #expect(bench.runs.inputs.last == [2, 2])
        #expect(answers.map(\.floats) == [[3], []])
    }

    private func matrix(_ rows: Int, _ columns: Int) throws -> Tensor {
        let values = (0..<rows * columns).map { Float(10 * rows + columns + $0) }
        return try Tensor(.float32, TensorShape([rows, columns]), scalars: values)
    }
}
