public import ServingPrimitives

/// A queue that a scheduler's threads serve. Made by `BatchScheduler.makeQueue`.
///
/// It goes with its last reference: the scheduler itself holds on to a queue only while tasks wait in it.
public final class ScheduledQueue<Queue: BatchForming>: QueueEntry, @unchecked Sendable {
    // Sendable: the scheduler's lock guards `queue` and `isListed`.
    private var queue: Queue
    private let process: @Sendable (Batch<Queue.Payload>) -> Void
    private let scheduler: BatchScheduler
    var isListed = false

    init(_ queue: Queue, scheduler: BatchScheduler, process: @escaping @Sendable (Batch<Queue.Payload>) -> Void) {
        self.queue = queue
        self.scheduler = scheduler
        self.process = process
    }

    /// Queues a task; it is in exactly one batch (or, split, its rows are), unless this throws.
    ///
    /// - Throws: the queue's refusal; `UNAVAILABLE` when the scheduler is shut down.
    public func submit(_ payload: Queue.Payload, size: Int, deadline: Deadline) throws(ServingError) {
        try scheduler.add(to: self) { now throws(ServingError) in
            try queue.enqueue(payload, size: size, deadline: deadline, at: now)
        }
    }

    var dueTime: MonotonicTime? { queue.dueTime }
    var isEmpty: Bool { queue.isEmpty }

    func takeWork(at now: MonotonicTime) -> (() -> Void)? {
        guard let batch = queue.takeBatch(at: now) else { return nil }
        return { [process] in process(batch) }
    }

    func drain() { queue.drain() }
}

/// What a rotation needs of a queue, whatever its tasks are. All under the scheduler's lock.
protocol QueueEntry: AnyObject {
    /// Whether it is in the rotation.
    var isListed: Bool { get set }
    var dueTime: MonotonicTime? { get }
    var isEmpty: Bool { get }
    /// Takes out a batch that is due; the caller runs it, outside of the lock.
    func takeWork(at now: MonotonicTime) -> (() -> Void)?
    func drain()
}
