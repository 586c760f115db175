public import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A fixed set of threads that run models and nothing else, fed by one bounded first-in-first-out queue.
///
/// Threads of our own on purpose: a model run blocks for microseconds to seconds, which neither an event loop nor
/// Swift's cooperative pool (nor a dispatch queue, which shares its threads on Linux) can take.
public final class EngineThreadPool: Sendable {
    public let threadCount: Int
    public let maximumQueuedJobs: Int
    private let queue: JobQueue

    /// - Parameters:
    ///   - threadCount: as many as cores the process may use; more only add latency.
    ///   - maximumQueuedJobs: jobs waiting for a thread before `submit` refuses.
    public init(threadCount: Int, maximumQueuedJobs: Int = 16_384) {
        precondition(threadCount > 0, "an engine thread pool needs at least one thread")
        self.threadCount = threadCount
        self.maximumQueuedJobs = maximumQueuedJobs
        self.queue = JobQueue()
        for index in 0..<threadCount {
            let queue = self.queue
            startThread(named: "engine-\(index)") { while let job = queue.next() { job() } }
        }
    }

    /// Queues `job`; it runs exactly once, on an engine thread, unless this throws.
    ///
    /// - Throws: `UNAVAILABLE` when the queue is full or the pool is shut down.
    public func submit(_ job: @escaping @Sendable () -> Void) throws(ServingError) {
        switch queue.push(job, limit: maximumQueuedJobs) {
        case .accepted: return
        case .full(let count):
            throw .unavailable(
                "The queue of runs is full: \(count) runs wait for \(threadCount) engine threads; retry later"
            )
        case .closed: throw .unavailable("The server is shutting down")
        }
    }

    /// Jobs waiting for a thread now.
    public var queuedJobs: Int { queue.count }

    /// Lets queued jobs finish and ends the threads. Returns at once.
    public func shutdown() { queue.close() }
}

/// The pool's queue: a lock, a condition variable and a ring.
private final class JobQueue: @unchecked Sendable {
    // Sendable: `lock` guards every field below it.
    enum PushResult {
        case accepted
        case full(Int)
        case closed
    }

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wakeUp = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [(@Sendable () -> Void)?] = []
    private var first = 0
    private var waiting = 0
    private var closed = false

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(wakeUp, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(wakeUp)
        lock.deallocate()
        wakeUp.deallocate()
    }

    var count: Int {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return jobs.count - first
    }

    func push(_ job: @escaping @Sendable () -> Void, limit: Int) -> PushResult {
        pthread_mutex_lock(lock)
        let count = jobs.count - first
        guard !closed, count < limit else {
            let result: PushResult = closed ? .closed : .full(count)
            pthread_mutex_unlock(lock)
            return result
        }
        jobs.append(job)
        let wake = waiting > 0
        pthread_mutex_unlock(lock)
        if wake { pthread_cond_signal(wakeUp) }
        return .accepted
    }

    /// The next job, or `nil` once the queue is closed and empty.
    func next() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while first == jobs.count {
            if closed { return nil }
            waiting += 1
            pthread_cond_wait(wakeUp, lock)
            waiting -= 1
        }
        let job = jobs[first]
        jobs[first] = nil
        first += 1
        if first == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= 1024 {
            // Bounds the dead front of a queue that never runs empty.
            jobs.removeFirst(first)
            first = 0
        }
        return job
    }

    func close() {
        pthread_mutex_lock(lock)
        closed = true
        pthread_mutex_unlock(lock)
        pthread_cond_broadcast(wakeUp)
    }
}
