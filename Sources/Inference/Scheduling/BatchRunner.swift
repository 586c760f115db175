import Batching
import EngineInterface
import ServingPrimitives
import Tensors

/// Runs the batches of one queue: puts the inputs of its tasks together, runs the model once, and gives each task its
/// rows of the outputs. Where TensorFlow Serving has a word for what is wrong, the texts are those of its
/// `batching_session.cc`.
final class BatchRunner: Sendable {
    typealias Task = BatchTask<QueuedRun>

    /// What a batch asks of each signature: its index and outputs. One, except for runs of several signatures.
    private let parts: [(signature: Int, inputCount: Int, outputs: [Int])]
    /// The engine's names of all inputs, in the order of the parts.
    private let inputNames: [String]
    private let outputNames: [String]
    private let rules: Rules
    private let metrics: BatchingMetrics

    /// How batches are put together.
    enum Rules: Sendable {
        /// As TensorFlow Serving does it, with these parameters.
        case parameters(ModelBatchingOptions)
        /// As the scheduler decides, once `verification` says that batches give what single runs give.
        case adaptive(pads: Bool, verification: BatchVerification)
    }

    /// - Parameter run: the first of those that this queue is for.
    init(_ run: ModelRun, rules: Rules, metrics: BatchingMetrics) {
        self.rules = rules
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
    func binding(for run: ModelRun, _ queue: RunQueue) -> RunBinding {
        if run.isJoint { return RunBinding(queue: queue, inputs: nil, outputs: nil) }
        var sent = Array(run.inputTensorNames.enumerated())
        let inputs = inputNames.map { name in
            // There is one: the queue is for runs with these tensors.
            let index = sent.firstIndex { $0.element == name }!
            return sent.remove(at: index).offset
        }
        let outputs = run.outputTensorNames.map { outputNames.firstIndex(of: $0)! }
        return RunBinding(
            queue: queue,
            inputs: inputs == Array(inputNames.indices) ? nil : inputs,
            outputs: outputs == Array(outputNames.indices) ? nil : outputs
        )
    }

    /// Runs a batch and answers all of its tasks, on the calling thread.
    func process(_ batch: Batch<QueuedRun>) -> BatchOutcome {
        let now = MonotonicTime.now()
        let tasks = live(batch.tasks)
        guard !tasks.isEmpty else { return .nothing }
        var rows = 0
        for task in tasks { rows += task.size }
        for task in tasks {
            metrics.taskLeft(after: now.nanoseconds(since: task.enqueueTime))
            task.payload.begin(at: now, batchRows: rows, batchRequests: tasks.count)
        }
        guard tasks.count > 1, case .adaptive(_, let verification) = rules else { return answer(tasks[...], at: now) }
        switch verification.verdict {
        case .independent: return answer(tasks[...], at: now)
        case .open: return verify(tasks[...], with: verification, at: now)
        case .dependent: return answerAlone(tasks[...])
        }
    }

    /// The tasks somebody waits for; the others are answered.
    private func live(_ tasks: [Task]) -> [Task] {
        if tasks.allSatisfy({ !$0.payload.isCancelled && !$0.payload.isAnswered }) { return tasks }
        return tasks.filter { task in
            if task.payload.isCancelled { task.payload.fail(QueuedRun.cancelledBeforeRun) }
            return !task.payload.isAnswered
        }
    }
}

// MARK: - Answers

extension BatchRunner {
    /// Runs the tasks together. When that fails, each half is run by itself, and so on: what is wrong with one request
    /// is no other's affair.
    private func answer(_ tasks: ArraySlice<Task>, at now: MonotonicTime) -> BatchOutcome {
        let run = run(tasks, at: now)
        switch run.result {
        case .success(let outputs):
            give(outputs, to: tasks)
            return run.outcome
        case .failure(let error):
            guard tasks.count > 1, Self.mayBeOfOne(error) else {
                for task in tasks { task.payload.fail(error) }
                return run.outcome
            }
            let middle = tasks.startIndex + tasks.count / 2
            _ = answer(tasks[..<middle], at: .now())
            _ = answer(tasks[middle...], at: .now())
            return .nothing
        }
    }

    /// Runs each task by itself. What that takes says nothing about a batch.
    private func answerAlone(_ tasks: ArraySlice<Task>) -> BatchOutcome {
        for index in tasks.indices { _ = answer(tasks[index...index], at: .now()) }
        return .nothing
    }

    /// Whether an error of a batch may be the doing of one of its requests.
    private static func mayBeOfOne(_ error: ServingError) -> Bool {
        switch error.code {
        case .cancelled, .deadlineExceeded, .unavailable, .aborted: false
        default: true
        }
    }

    private func give(_ outputs: [Tensor], to tasks: ArraySlice<Task>) {
        if isAdaptive, tasks.count == 1, let task = tasks.first { return task.payload.finish(task.rows, outputs, nil) }
        var start = 0
        for task in tasks {
            let rows = start..<start + task.size
            start = rows.upperBound
            task.payload.finish(task.rows, outputs, rows)
        }
    }

    /// Runs tasks together and alone, compares, and answers with what they gave alone.
    private func verify(
        _ tasks: ArraySlice<Task>,
        with verification: BatchVerification,
        at now: MonotonicTime
    ) -> BatchOutcome {
        let checked = tasks.prefix(BatchVerification.requestCount)
        let batch = run(checked, at: now)
        var difference: String?
        var failures = 0
        var start = 0
        for index in checked.indices {
            let task = checked[index]
            let rows = start..<start + task.size
            start = rows.upperBound
            switch run(checked[index...index], at: .now()).result {
            case .failure(let error):
                failures += 1
                task.payload.fail(error)
            case .success(let alone):
                if case .success(let batch) = batch.result {
                    difference = difference ?? Self.difference(batch, rows, alone)
                }
                task.payload.finish(task.rows, alone, nil)
            }
        }
        if case .failure(let error) = batch.result, failures == 0 { difference = "a batch fails: \(error)" }
        if let difference { verification.disagreed(difference) } else if failures == 0 { verification.agreed() }
        let rest = tasks.dropFirst(checked.count)
        if case .dependent = verification.verdict {
            _ = answerAlone(rest)
        } else if !rest.isEmpty {
            _ = answer(rest, at: .now())
        }
        return batch.outcome
    }

    private static func difference(_ batch: [Tensor], _ rows: Range<Int>, _ alone: [Tensor]) -> String? {
        for (batched, alone) in zip(batch, alone) {
            if let difference = BatchVerification.difference(batched.rows(rows), alone) { return difference }
        }
        return nil
    }
}

// MARK: - Runs

extension BatchRunner {
    private struct Run {
        /// With a row for each of the tasks' and those that were added.
        let result: Result<[Tensor], ServingError>
        /// What the run teaches; also one that was stopped, which would have taken longer: else a prediction that is too
        /// short would never be mended.
        let outcome: BatchOutcome
    }

    private func run(_ tasks: ArraySlice<Task>, at now: MonotonicTime) -> Run {
        var outcome = BatchOutcome.nothing
        let result = Result { () throws(ServingError) -> [Tensor] in
            let deadline = try deadline(of: tasks, at: now)
            var rows = 0
            for task in tasks { rows += task.size }
            let executedRows = executedRows(for: rows)
            if case .parameters = rules { metrics.batchPadded(rows: rows, executedRows: executedRows) }
            metrics.batchFormed(requests: tasks.count, rows: rows, executedRows: executedRows)
            let inputs = try gather(tasks, extraRows: executedRows - rows)
            let start = MonotonicTime.now()
            do throws(ServingError) {
                // There is no batch without a task.
                let outputs = try execute(inputs, deadline: deadline, like: tasks.first!.payload.run)
                metrics.batchRan()
                let end = MonotonicTime.now()
                for task in tasks { task.payload.engineDone(at: end) }
                if tasks.count > 1 || !isAdaptive { try check(outputs.tensors, rows: executedRows) }
                outcome = BatchOutcome(outputs, rows: executedRows)
                return outputs.tensors
            } catch {
                let nanoseconds = MonotonicTime.now().nanoseconds(since: start)
                // Engines stop runs after whole milliseconds. In less it was only found too late to begin.
                if error.code == .deadlineExceeded, nanoseconds >= 1_000_000 {
                    outcome = BatchOutcome(executedRows: executedRows, runNanoseconds: nanoseconds)
                }
                throw error
            }
        }
        return Run(result: result, outcome: outcome)
    }

    private var isAdaptive: Bool { if case .adaptive = rules { true } else { false } }

    private func executedRows(for rows: Int) -> Int {
        guard case .parameters(let options) = rules, rows > 0 else { return rows }
        return options.executedRows(for: rows)
    }

    private func check(_ outputs: [Tensor], rows: Int) throws(ServingError) {
        for output in outputs {
            guard output.shape.rank > 0 else { throw .failedPrecondition("Batched output tensor has 0 dimensions") }
            guard output.shape[0] == rows else {
                throw .failedPrecondition(
                    "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the "
                        + "input tensors"
                )
            }
        }
    }

    /// The latest of those that have not passed.
    private func deadline(of tasks: ArraySlice<Task>, at now: MonotonicTime) throws(ServingError) -> Deadline {
        var latest = MonotonicTime.distantPast
        for task in tasks { latest = max(latest, task.payload.run.request.deadline.time) }
        guard !Deadline(latest).hasPassed(at: now) else {
            throw isAdaptive ? .deadlineExceeded("Timed out waiting for notification") : QueuedRun.timeoutWhileQueued
        }
        return Deadline(latest)
    }

    private var pads: Bool {
        switch rules {
        case .parameters(let options): options.padsVariableLengthInputs
        case .adaptive(let pads, _): pads
        }
    }

    private func gather(_ tasks: ArraySlice<Task>, extraRows: Int) throws(ServingError) -> [Tensor] {
        var inputs: [Tensor] = []
        inputs.reserveCapacity(inputNames.count)
        if isAdaptive, tasks.count == 1, let task = tasks.first {
            for index in inputNames.indices { inputs.append(task.payload.input(index)) }
            return inputs
        }
        let gather = TensorGather(pads: pads, extraRows: extraRows)
        for index in inputNames.indices {
            do throws(TensorGatherError) {
                inputs.append(try gather(tasks.map { $0.payload.input(index).rows($0.rows) }))
            } catch {
                throw refusal(error, of: inputNames[index])
            }
        }
        return inputs
    }

    private func refusal(_ error: TensorGatherError, of name: String) -> ServingError {
        switch error {
        case .differentShapes(let first, let other) where pads:
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
    ) throws(ServingError) -> ModelOutputs {
        var elements = 0
        for input in inputs { elements &+= input.shape.elementCount }
        let expected = run.executor.estimate.expected(elements: elements)
        var requests: [RunRequest] = []
        var start = 0
        for part in parts {
            requests.append(
                RunRequest(
                    signature: part.signature,
                    inputs: parts.count == 1 ? inputs : Array(inputs[start..<start + part.inputCount]),
                    outputs: part.outputs,
                    deadline: deadline,
                    expectedNanoseconds: parts.count == 1 ? expected : 0
                )
            )
            start += part.inputCount
        }
        return try run.model.servable.run(requests, elements: elements, estimate: run.executor.estimate)
    }
}
