package import ServingPrimitives

/// What a thread took out of a queue: a batch to run, and tasks to give up before that.
///
/// Taken and finished under the scheduler's lock; run outside of it.
package class StartedBatch {
    package let startTime: MonotonicTime
    package let predictedNanoseconds: UInt64?
    /// Whether a thread of the pool runs it.
    let isOnPool: Bool
    /// Set by the watchdog, under the scheduler's lock: its tasks are answered, nobody waits for its end.
    var isAbandoned = false
    /// How long it had run then.
    var ranNanoseconds: UInt64 = 0
    /// When the watchdog gives it up.
    var limit = MonotonicTime.distantFuture
    /// What its group was charged when it started.
    var charge = 0.0

    init(at now: MonotonicTime, predictedNanoseconds: UInt64?, isOnPool: Bool) {
        startTime = now
        self.predictedNanoseconds = predictedNanoseconds
        self.isOnPool = isOnPool
    }

    var entry: any QueueEntry { fatalError("a started batch belongs to a queue") }
    /// Whether there is something to run.
    package var hasBatch: Bool { fatalError("a started batch belongs to a queue") }
    /// Answers the tasks that were given up.
    package func answerDropped() {}
    package func run() -> BatchOutcome { .nothing }
    func abandon(_ error: ServingError) {}
    /// Teaches the queue.
    func finished(_ outcome: BatchOutcome, at now: MonotonicTime) {}

    /// When it is expected to end.
    var expectedEnd: MonotonicTime { startTime.advanced(byNanoseconds: predictedNanoseconds ?? 0) }
}

/// A batch of a queue of a certain kind.
final class StartedQueueBatch<Queue: BatchForming>: StartedBatch, @unchecked Sendable {
    // Sendable: the fields below never change; those above are guarded by the scheduler's lock.
    private let queue: ScheduledQueue<Queue>
    private let release: BatchRelease<Queue.Payload>

    init(_ release: BatchRelease<Queue.Payload>, of queue: ScheduledQueue<Queue>, at now: MonotonicTime, isOnPool: Bool)
    {
        self.queue = queue
        self.release = release
        super.init(at: now, predictedNanoseconds: release.predictedNanoseconds, isOnPool: isOnPool)
    }

    var batch: Batch<Queue.Payload> { release.batch }
    override var entry: any QueueEntry { queue }
    package override var hasBatch: Bool { !batch.isEmpty }
    package override func answerDropped() { if !release.dropped.isEmpty { queue.handlers.drop(release.dropped) } }
    package override func run() -> BatchOutcome { queue.handlers.process(batch) }
    override func abandon(_ error: ServingError) { queue.handlers.abandon(batch, error) }

    override func finished(_ outcome: BatchOutcome, at now: MonotonicTime) {
        queue.finished(FinishedBatch(release, at: startTime, outcome), at: now)
    }
}
