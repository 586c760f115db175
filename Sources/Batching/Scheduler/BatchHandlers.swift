import ServingPrimitives

/// What is done with the batches and the losses of a queue.
struct BatchHandlers<Payload: Sendable>: Sendable {
    let process: @Sendable (Batch<Payload>) -> BatchOutcome
    let drop: @Sendable ([DroppedTask<Payload>]) -> Void
    let abandon: @Sendable (Batch<Payload>, ServingError) -> Void
}

/// A batch that the one who submitted its last task has to run, with `ScheduledQueue.run`.
public struct BatchLease<Queue: BatchForming>: Sendable {
    let started: StartedQueueBatch<Queue>

    public var batch: Batch<Queue.Payload> { started.batch }
}

/// What became of tasks that were submitted together.
public struct GroupSubmission<Queue: BatchForming>: Sendable {
    /// For each task, in their order; `nil` for those not accepted.
    public var tickets: [TaskTicket?] = []
    /// The tasks that were not accepted, by their place in the group.
    public var refused: [(index: Int, refusal: TaskRefusal)] = []
    /// To be run at once, on the calling thread.
    public var batchToRunHere: BatchLease<Queue>?
}
