public import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One set of threads that serves any number of queues in turn and runs their batches.
///
/// Of the threads that have nothing to do, one waits until the next batch is due, the others until they are called: no
/// thread ever looks in vain, and a batch wakes one thread.
public final class BatchScheduler: @unchecked Sendable {
    // Sendable: `lock` guards every field below it.
    private let clock: @Sendable () -> MonotonicTime
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let becameDue = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let timeChanged = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var rotation = QueueRotation()
    /// Threads that wait for `becameDue`.
    private var idleThreads = 0
    /// How long the thread that waits for time to pass, and for `timeChanged`, waits; `nil` when there is none.
    private var timekeeperWaitsUntil: MonotonicTime?
    private var isDraining = false
    private var isShutDown = false

    /// - Parameters:
    ///   - threadCount: threads that run batches; with 0 the caller does, with `runDueBatch`.
    ///   - name: prefix of the threads' names.
    ///   - clock: the monotonic clock. Threads wait in real time whatever it says.
    public init(
        threadCount: Int,
        name: String = "batch_threads",
        clock: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) {
        precondition(threadCount >= 0, "a number of threads is not negative")
        self.clock = clock
        pthread_mutex_init(lock, nil)
        pthread_cond_init(becameDue, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(timeChanged, &attributes)
        pthread_condattr_destroy(&attributes)
        for index in 0..<threadCount {
            startThread(named: "\(name)_\(index)") { while let work = self.nextWork() { work() } }
        }
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(becameDue)
        pthread_cond_destroy(timeChanged)
        lock.deallocate()
        becameDue.deallocate()
        timeChanged.deallocate()
    }

    /// A queue whose batches `process` runs, on the scheduler's threads and several at once.
    public func makeQueue<Queue: BatchForming>(
        _ queue: Queue,
        process: @escaping @Sendable (Batch<Queue.Payload>) -> Void
    ) -> ScheduledQueue<Queue> {
        ScheduledQueue(queue, scheduler: self, process: process)
    }

    /// From now on no batch waits for company: what waits runs as soon as there are threads. For the beginning of a
    /// shutdown; tasks are still accepted.
    public func drain() {
        pthread_mutex_lock(lock)
        isDraining = true
        rotation.drain()
        pthread_mutex_unlock(lock)
        pthread_cond_broadcast(becameDue)
        pthread_cond_broadcast(timeChanged)
    }

    /// Refuses new tasks, lets those that wait finish and ends the threads. Returns at once.
    public func shutdown() {
        pthread_mutex_lock(lock)
        isShutDown = true
        pthread_mutex_unlock(lock)
        drain()
    }

    /// Runs one batch that is due on the calling thread. Returns whether there was one.
    @discardableResult
    public func runDueBatch() -> Bool {
        pthread_mutex_lock(lock)
        let step = rotation.next(at: clock())
        pthread_mutex_unlock(lock)
        guard case .work(let work) = step else { return false }
        work()
        return true
    }

    // MARK: Tasks

    /// Adds a task to `queue` with `enqueue` and wakes a thread if that needs one.
    func add(
        to queue: some QueueEntry,
        _ enqueue: (MonotonicTime) throws(ServingError) -> Void
    ) throws(ServingError) {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard !isShutDown else { throw .unavailable("The server is shutting down") }
        let now = clock()
        let wasDue = queue.dueTime.map { $0 <= now } ?? false
        try enqueue(now)
        if isDraining { queue.drain() }
        if !queue.isListed { rotation.add(queue) }
        // Whoever found the queue due before has called a thread already.
        if !wasDue, let due = queue.dueTime { callThread(for: due, now) }
    }

    /// Sees to it that a thread looks at the queues at `due`. Threads that are busy look when they have finished.
    private func callThread(for due: MonotonicTime, _ now: MonotonicTime) {
        if due <= now, idleThreads > 0 {
            pthread_cond_signal(becameDue)
        } else if let until = timekeeperWaitsUntil {
            if due < until { pthread_cond_signal(timeChanged) }
        } else if idleThreads > 0 {
            pthread_cond_signal(becameDue)
        }
    }

    // MARK: Threads

    /// Waits for a batch; `nil` when the scheduler is shut down and nothing waits any more.
    private func nextWork() -> (() -> Void)? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            let now = clock()
            switch rotation.next(at: now) {
            case .work(let work):
                // There may be another batch, or nobody may be waiting for the time any more.
                if let due = rotation.dueTime { callThread(for: due, now) }
                return work
            case .wait(let until):
                if isShutDown, rotation.isEmpty { return nil }
                wait(until: until)
            }
        }
    }

    private func wait(until due: MonotonicTime?) {
        guard let due, timekeeperWaitsUntil == nil else {
            idleThreads += 1
            pthread_cond_wait(becameDue, lock)
            idleThreads -= 1
            return
        }
        timekeeperWaitsUntil = due
        var time = timespec(
            tv_sec: Int(clamping: due.nanoseconds / 1_000_000_000),
            tv_nsec: Int(due.nanoseconds % 1_000_000_000)
        )
        pthread_cond_timedwait(timeChanged, lock, &time)
        timekeeperWaitsUntil = nil
    }
}
