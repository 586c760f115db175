import Batching
import EngineInterface
import ServingPrimitives
import Tensors

/// Runs the batches of one queue: puts the inputs of its tasks together, runs the model once, and gives each task its
/// rows of the outputs. Rules and texts are those of TensorFlow Serving's `batching_session.cc`.
final class BatchRunner: Sendable {
    typealias Queue = (runner: BatchRunner, queue: ScheduledQueue<BatchQueue<BatchedCall>>)
    typealias Task = BatchTask<BatchedCall>

    /// What a batch asks of each signature: its index and outputs. One, except for runs of several signatures.
    private let parts: [(signature: Int, inputCount: Int, outputs: [Int])]
    /// The engine's names of all inputs, in the order of the parts.
    private let inputNames: [String]
    private let outputNames: [String]
    private let options: ModelBatchingOptions
    private let metrics: BatchingMetrics

    /// - Parameter run: the first of those that this queue is for.
    init(_ run: ModelRun, options: ModelBatchingOptions, metrics: BatchingMetrics) {
        self.options = options
        self.metrics = metrics
        inputNames = run.inputTensorNames
        if run.isJoint {
            parts = run.requests.map { ($0.signature, $0.inputs.count, $0.outputs) }
            outputNames = run.outputTensorNames
        } else {
            // Each tensor once and in the signature's order, however often and in what order clients ask for it.
            let signature = run.executor.signature
            var outputs: [Int] = []
            var names: [String] = []
            for output in run.request.outputs.sorted() where !names.contains(signature.outputs[output].tensorName) {
                outputs.append(output)
                names.append(signature.outputs[output].tensorName)
            }
            parts = [(run.request.signature, run.request.inputs.count, outputs)]
            outputNames = names
        }
    }

    /// Where the tensors of a run lie in the runs of this queue.
    func binding(for run: ModelRun, _ queue: ScheduledQueue<BatchQueue<BatchedCall>>) -> BatchBinding {
        if run.isJoint { return BatchBinding(queue: queue, inputs: nil, outputs: nil) }
        var sent = Array(run.inputTensorNames.enumerated())
        let inputs = inputNames.map { name in
            // There is one: the queue is for runs with these tensors.
            let index = sent.firstIndex { $0.element == name }!
            return sent.remove(at: index).offset
        }
        let outputs = run.outputTensorNames.map { outputNames.firstIndex(of: $0)! }
        return BatchBinding(
            queue: queue,
            inputs: inputs == Array(inputNames.indices) ? nil : inputs,
            outputs: outputs == Array(outputNames.indices) ? nil : outputs
        )
    }

    /// Runs a batch and answers all of its tasks, on the calling thread.
    func process(_ batch: Batch<BatchedCall>) -> BatchOutcome {
        let now = MonotonicTime.now()
        let tasks = live(batch)
        guard !tasks.isEmpty else { return .nothing }
        for task in tasks { metrics.taskLeft(after: now.nanoseconds(since: task.enqueueTime)) }
        let result = Result { () throws(ServingError) in try run(tasks, at: now) }
        var start = 0
        for task in tasks {
            let rows = start..<start + task.size
            start = rows.upperBound
            task.payload.finish(task.rows, result.map { outputs in outputs.map { $0.rows(rows) } })
        }
        guard case .success = result else { return .nothing }
        return BatchOutcome(
            executedRows: start == 0 ? 0 : options.executedRows(for: start),
            runNanoseconds: MonotonicTime.now().nanoseconds(since: now)
        )
    }

    /// The tasks somebody waits for; the others are answered.
    private func live(_ batch: Batch<BatchedCall>) -> [Task] {
        batch.tasks.filter { task in
            guard task.payload.isCancelled else { return !task.payload.isAnswered(task.rows) }
            let error = ServingError(.cancelled, "The caller cancelled the request before it was run")
            task.payload.finish(task.rows, .failure(error))
            return false
        }
    }

    /// The outputs of one run for all tasks, with a row for each of theirs and those that were added.
    private func run(_ tasks: [Task], at now: MonotonicTime) throws(ServingError) -> [Tensor] {
        let deadline = try deadline(of: tasks, at: now)
        for task in tasks { task.payload.begin() }
        let rows = tasks.reduce(0) { $0 + $1.size }
        let executedRows = rows == 0 ? 0 : options.executedRows(for: rows)
        metrics.batchFormed(rows: rows, executedRows: executedRows)
        let inputs = try gather(tasks, extraRows: executedRows - rows)
        let result = execute(inputs, deadline: deadline, like: tasks[0].payload.run)
        metrics.batchRan()
        let outputs = try result.get()
        for output in outputs {
            guard output.shape.rank > 0 else { throw .failedPrecondition("Batched output tensor has 0 dimensions") }
            guard output.shape[0] == executedRows else {
                throw .failedPrecondition(
                    "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the "
                        + "input tensors"
                )
            }
        }
        return outputs
    }

    /// The latest of those that have not passed.
    private func deadline(of tasks: [Task], at now: MonotonicTime) throws(ServingError) -> Deadline {
        let latest = tasks.map(\.deadline.time).max() ?? .distantPast
        guard !Deadline(latest).hasPassed(at: now) else {
            throw ServingError(.resourceExhausted, "Run() timeout exceeded while waiting in batching queue")
        }
        return Deadline(latest)
    }

    private func gather(_ tasks: [Task], extraRows: Int) throws(ServingError) -> [Tensor] {
        let gather = TensorGather(pads: options.padsVariableLengthInputs, extraRows: extraRows)
        return try inputNames.indices.map { (index) throws(ServingError) in
            do throws(TensorGatherError) {
                return try gather(tasks.map { $0.payload.inputs[index].rows($0.rows) })
            } catch {
                throw refusal(error, of: inputNames[index])
            }
        }
    }

    private func refusal(_ error: TensorGatherError, of name: String) -> ServingError {
        switch error {
        case .differentShapes(let first, let other) where options.padsVariableLengthInputs:
            .failedPrecondition(
                "Tensors with name '\(name)' from different tasks have different numbers of dimensions, \(first.rank) and "
                    + "\(other.rank), which padding cannot make equal"
            )
        case .differentShapes:
            .failedPrecondition(
                "Tensors with name '\(name)' from different tasks have different shapes and padding is turned off. Set "
                    + "pad_variable_length_inputs to true, or ensure that all tensors with the same name have equal "
                    + "dimensions starting with the first dim."
            )
        case .differentTypes:
            .internalError("Tensor concat operation failed: INVALID_ARGUMENT: \(error.reason)")
        case .rankNotPadded, .emptyTensor: .invalidArgument(error.reason)
        case .tooLarge:
            ServingError(.resourceExhausted, "The tensors with name '\(name)' make no batch: \(error.reason)")
        }
    }

    /// Runs the model. `run` is any task's: it says which model, and keeps it loaded.
    private func execute(
        _ inputs: [Tensor],
        deadline: Deadline,
        like run: ModelRun
    ) -> Result<[Tensor], ServingError> {
        var elements = 0
        for input in inputs { elements &+= input.shape.elementCount }
        let expected = run.executor.estimate.expected(elements: elements)
        var requests: [RunRequest] = []
        var start = 0
        for part in parts {
            requests.append(
                RunRequest(
                    signature: part.signature,
                    inputs: Array(inputs[start..<start + part.inputCount]),
                    outputs: part.outputs,
                    deadline: deadline,
                    expectedNanoseconds: expected
                )
            )
            start += part.inputCount
        }
        return ModelRun(
            executor: run.executor,
            model: run.model,
            // Each of its requests is timed by itself, its wait for the batch included.
            api: nil,
            request: requests[0],
            elements: elements,
            others: Array(requests.dropFirst())
        ).execute(nil)
    }
}
