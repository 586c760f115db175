import Batching
import EngineInterface
import ServingPrimitives

/// Runs what shares no batch with others.
struct AloneRunner: Sendable {
    let metrics: BatchingMetrics

    func process(_ batch: Batch<QueuedRun>) -> BatchOutcome {
        var outcome = BatchOutcome.nothing
        for task in batch.tasks { outcome = process(task) }
        return outcome
    }

    private func process(_ task: BatchTask<QueuedRun>) -> BatchOutcome {
        let payload = task.payload
        do throws(ServingError) {
            if payload.isCancelled { throw QueuedRun.cancelledBeforeRun }
            let now = MonotonicTime.now()
            guard !payload.run.request.deadline.hasPassed(at: now) else {
                throw .deadlineExceeded("Timed out waiting for notification")
            }
            payload.begin(at: now, batchRows: task.size, batchRequests: 1)
            let outputs = try payload.run.execute()
            payload.engineDone(at: now.advanced(byNanoseconds: outputs.nanoseconds))
            payload.finish(task.rows, outputs.tensors, nil)
            return BatchOutcome(outputs, rows: task.size)
        } catch {
            payload.fail(error)
            return .nothing
        }
    }
}

extension BatchOutcome {
    /// What a run of so many rows tells the scheduler.
    init(_ outputs: ModelOutputs, rows: Int) {
        self.init(
            executedRows: rows,
            runNanoseconds: outputs.nanoseconds,
            threadNanoseconds: outputs.threadNanoseconds
        )
    }
}
