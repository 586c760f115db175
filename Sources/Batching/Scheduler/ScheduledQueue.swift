public import ServingPrimitives

/// A queue that a scheduler's threads serve. Made by `BatchScheduler.makeQueue`.
///
/// It goes with its last reference: the scheduler itself holds on to a queue only while tasks wait in it or run.
public final class ScheduledQueue<Queue: BatchForming>: QueueEntry, @unchecked Sendable {
    // Sendable: the scheduler's lock guards `queue`, `isListed` and `lastDemand`.
    private var queue: Queue
    let handlers: BatchHandlers<Queue.Payload>
    let account: ShareAccount
    private let scheduler: BatchScheduler
    var isListed = false

    init(_ queue: Queue, _ handlers: BatchHandlers<Queue.Payload>, _ account: ShareAccount, _ scheduler: BatchScheduler)
    {
        self.queue = queue
        self.handlers = handlers
        self.account = account
        self.scheduler = scheduler
    }

    // MARK: Tasks in

    /// Queues a task; it is in exactly one batch (or, split, its rows are), or dropped, or cancelled, unless this throws.
    ///
    /// - Throws: the queue's refusal; `UNAVAILABLE` when the scheduler is shut down.
    @discardableResult
    public func submit(_ payload: Queue.Payload, _ terms: TaskTerms) throws(ServingError) -> TaskTicket {
        do throws(TaskRefusal) {
            return try scheduler.withLock { state throws(TaskRefusal) in
                let now = try state.beginAdding(to: self)
                let ticket = try queue.enqueue(payload, terms, at: now.time, state.pool(at: now.time))
                state.added(to: self, now)
                return ticket
            }
        } catch {
            throw error.error
        }
    }

    /// Queues tasks that came together, as single submits in their order would.
    ///
    /// - Parameter mayRunHere: whether the calling thread can run a batch. The scheduler asks it to when that is faster
    ///   than to wake a thread for it, and nothing more urgent is held up; then the result has the batch.
    public func submit(
        contentsOf tasks: [(payload: Queue.Payload, terms: TaskTerms)],
        mayRunHere: Bool = false
    ) -> GroupSubmission<Queue> {
        var result = GroupSubmission<Queue>()
        result.tickets.reserveCapacity(tasks.count)
        let started = scheduler.withLock { state -> StartedBatch? in
            let now: SchedulerState.AddingTime
            do throws(TaskRefusal) {
                now = try state.beginAdding(to: self)
            } catch {
                for index in tasks.indices { result.refuse(index, error) }
                return nil
            }
            let pool = state.pool(at: now.time)
            let wasEmpty = queue.isEmpty
            for index in tasks.indices {
                do throws(TaskRefusal) {
                    result.tickets.append(
                        try queue.enqueue(tasks[index].payload, tasks[index].terms, at: now.time, pool)
                    )
                } catch {
                    result.refuse(index, error)
                }
            }
            guard !queue.isEmpty else { return nil }
            if mayRunHere, wasEmpty, state.shouldRunOnCaller(self, at: now.time) {
                return state.takeForCaller(self, now)
            }
            state.added(to: self, now)
            return nil
        }
        guard let started = started as? StartedQueueBatch<Queue> else { return result }
        started.answerDropped()
        if started.hasBatch { result.batchToRunHere = BatchLease(started: started) }
        return result
    }

    /// Runs a batch that a submit asked for, on the calling thread.
    public func run(_ lease: BatchLease<Queue>) {
        let outcome = lease.started.run()
        scheduler.finish(lease.started, outcome)
    }

    /// Takes a task out that still waits; `nil` when it does not: it runs, ran, or was dropped.
    public func cancel(_ ticket: TaskTicket) -> CancelledTask<Queue.Payload>? {
        scheduler.withLock { state in
            defer { state.removed(from: self) }
            return queue.cancel(ticket)
        }
    }

    // MARK: What is known

    /// A run outside of the queue (a warm-up) of `rows` rows took that long.
    public func learn(_ shape: ShapeClass, rows: Int, nanoseconds: UInt64) {
        scheduler.withLock { _ in queue.learn(shape, rows: rows, nanoseconds: nanoseconds) }
    }

    /// What the queue knows, did lately, and why.
    public func explanation() -> QueueExplanation {
        scheduler.withLock { state in
            let now = state.now()
            return queue.explanation(at: now, state.pool(at: now, besides: self))
        }
    }

    // MARK: For the scheduler, under its lock

    var dueTime: MonotonicTime? { queue.dueTime }
    var urgency: Urgency { queue.urgency }
    var isEmpty: Bool { queue.isEmpty }
    var predictedNanoseconds: UInt64? { queue.predictedNanoseconds }

    func take(at now: MonotonicTime, _ pool: PoolState, isOnPool: Bool) -> StartedBatch? {
        let release = queue.takeBatch(at: now, pool)
        return release.isEmpty ? nil : StartedQueueBatch(release, of: self, at: now, isOnPool: isOnPool)
    }

    func finished(_ batch: FinishedBatch, at now: MonotonicTime) { queue.finished(batch, at: now) }
    func demand(at now: MonotonicTime) -> Double { queue.demand(at: now) }
    func drain() { queue.drain() }
}

extension GroupSubmission {
    fileprivate mutating func refuse(_ index: Int, _ refusal: TaskRefusal) {
        tickets.append(nil)
        refused.append((index, refusal))
    }
}

/// What a rotation needs of a queue, whatever its tasks are. All under the scheduler's lock.
protocol QueueEntry: AnyObject {
    /// Whether it is in the rotation.
    var isListed: Bool { get set }
    var account: ShareAccount { get }
    var dueTime: MonotonicTime? { get }
    var urgency: Urgency { get }
    var isEmpty: Bool { get }
    var predictedNanoseconds: UInt64? { get }
    /// Takes out a batch that is due; the caller runs it, outside of the lock.
    func take(at now: MonotonicTime, _ pool: PoolState, isOnPool: Bool) -> StartedBatch?
    func demand(at now: MonotonicTime) -> Double
    func drain()
}
