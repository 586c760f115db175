public import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One set of threads that serves any number of queues and runs their batches: all the threads on which models run.
///
/// Of the threads that have nothing to do, one waits until the next batch is due, the others until they are called: no
/// thread ever looks in vain, and a batch wakes one thread. A batch that hangs is given up after a while: its callers
/// are answered, and its thread is replaced.
public final class BatchScheduler: @unchecked Sendable {
    // Sendable: `lock` guards `state`.
    private let name: String
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let becameDue = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let timeChanged = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let batchEnded = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: SchedulerState
    private let startsThreads: Bool
    private let cores: [Int]

    /// - Parameters:
    ///   - threadCount: threads that run batches, as many as cores that models may use; with 0 the caller is the one
    ///     thread, with `runDueBatch`.
    ///   - name: prefix of the threads' names.
    ///   - cores: what the threads are kept to, by Linux's numbers; empty is all that the process may use.
    ///   - keepsToItsThreads: no batch runs on a thread that submits, however short: what runs never takes more than the
    ///     scheduler's own threads.
    ///   - hangLimitNanoseconds: how long a batch may run before it is given up, unless fifty times its predicted time is
    ///     more.
    ///   - clock: the monotonic clock. Threads wait in real time whatever it says.
    public convenience init(
        threadCount: Int,
        name: String = "batch_threads",
        cores: [Int] = [],
        keepsToItsThreads: Bool = false,
        hangLimitNanoseconds: UInt64 = 60_000_000_000,
        clock: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) {
        precondition(threadCount >= 0, "a number of threads is not negative")
        var state = SchedulerState(threads: max(threadCount, 1), hangLimit: hangLimitNanoseconds, clock: clock)
        state.keepsToItsThreads = keepsToItsThreads
        self.init(name: name, state: state, startsThreads: threadCount > 0, cores: cores)
    }

    /// A scheduler whose threads the caller plays, with `startDueBatch` and `finish`.
    package convenience init(simulatedThreads: Int, clock: @escaping @Sendable () -> MonotonicTime) {
        self.init(
            name: "simulated",
            state: SchedulerState(threads: simulatedThreads, hangLimit: 60_000_000_000, clock: clock),
            startsThreads: false
        )
    }

    private init(name: String, state: SchedulerState, startsThreads: Bool, cores: [Int] = []) {
        self.name = name
        self.state = state
        self.startsThreads = startsThreads
        self.cores = cores
        pthread_mutex_init(lock, nil)
        pthread_cond_init(becameDue, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(timeChanged, &attributes)
        pthread_cond_init(batchEnded, &attributes)
        pthread_condattr_destroy(&attributes)
        guard startsThreads else { return }
        for index in 0..<state.threads { startThread(named: "\(name)_\(index)") { self.serve() } }
        startThread(named: "watchdog") { self.watch() }
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(becameDue)
        pthread_cond_destroy(timeChanged)
        pthread_cond_destroy(batchEnded)
        lock.deallocate()
        becameDue.deallocate()
        timeChanged.deallocate()
        batchEnded.deallocate()
    }

    /// A queue whose batches run on the scheduler's threads, several at once.
    ///
    /// - Parameters:
    ///   - process: runs a batch and answers its tasks.
    ///   - drop: answers tasks that were given up, before the batch for which they were is run. By default nobody is
    ///     told: for queues that never drop.
    ///   - abandon: answers the tasks of a batch that hangs. `process` may still come back, much later: what it answers
    ///     then is to be ignored.
    public func makeQueue<Queue: BatchForming>(
        _ queue: Queue,
        share: QueueShare = QueueShare(),
        process: @escaping @Sendable (Batch<Queue.Payload>) -> BatchOutcome,
        drop: @escaping @Sendable ([DroppedTask<Queue.Payload>]) -> Void = { _ in },
        abandon: @escaping @Sendable (Batch<Queue.Payload>, ServingError) -> Void = { _, _ in }
    ) -> ScheduledQueue<Queue> {
        let handlers = BatchHandlers(process: process, drop: drop, abandon: abandon)
        return ScheduledQueue(queue, handlers, withLock { $0.account(for: share) }, self)
    }

    /// From now on no batch waits for company: what waits runs as soon as there are threads. For the beginning of a
    /// shutdown; tasks are still accepted.
    public func drain() {
        withLock { $0.drain() }
        wakeAll()
    }

    /// Refuses new tasks, lets those that wait finish and ends the threads. Returns at once.
    public func shutdown() {
        withLock { $0.shutDown() }
        wakeAll()
    }

    private func wakeAll() {
        pthread_cond_broadcast(becameDue)
        pthread_cond_broadcast(timeChanged)
        pthread_cond_broadcast(batchEnded)
    }

    /// Runs one batch that is due on the calling thread. Returns whether there was one.
    @discardableResult
    public func runDueBatch() -> Bool {
        guard let batch = startDueBatch() else { return false }
        batch.answerDropped()
        if batch.hasBatch { finish(batch, batch.run()) }
        return true
    }

    /// Takes the next batch that is due, for the caller to run and to `finish`, and tasks to give up, for the caller to
    /// answer.
    package func startDueBatch() -> StartedBatch? { withLock { $0.next(at: $0.now()) } }

    /// When the first of the batches that wait is due; `nil` when no task waits.
    package var nextDueTime: MonotonicTime? { withLock { $0.rotation.dueTime } }

    /// A batch that was started has run. Returns whether the thread belongs to the scheduler still.
    @discardableResult
    package func finish(_ batch: StartedBatch, _ outcome: BatchOutcome) -> Bool {
        withLock { $0.finish(batch, outcome) }
    }

    // MARK: The lock

    /// Wakes whom `body` asks to be woken.
    func withLock<Result, Failure: Error>(
        _ body: (inout SchedulerState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(lock)
        defer { unlockAndWake() }
        return try body(&state)
    }

    private func unlockAndWake() {
        let call = state.call
        state.call = .nobody
        pthread_mutex_unlock(lock)
        switch call {
        case .nobody: break
        case .idleThread: pthread_cond_signal(becameDue)
        case .timekeeper: pthread_cond_signal(timeChanged)
        }
    }

    // MARK: Threads

    /// What a thread of the pool does all its life.
    private func serve() {
        if !cores.isEmpty { ThreadCores.keepCurrentThread(to: cores) }
        while let batch = nextBatch() {
            batch.answerDropped()
            guard batch.hasBatch else { continue }
            let outcome = batch.run()
            // A thread that comes back late has a successor.
            guard finish(batch, outcome) else { return }
        }
        // Threads end one after the other, the watchdog after the last batch.
        wakeAll()
    }

    /// Waits for a batch; `nil` when the scheduler is shut down and nothing waits any more.
    private func nextBatch() -> StartedBatch? {
        pthread_mutex_lock(lock)
        defer { unlockAndWake() }
        while true {
            switch state.step() {
            case .run(let batch): return batch
            case .end: return nil
            case .wait(let due): wait(until: due)
            }
        }
    }

    /// Waits for a call or for a time. Accesses to `state` are short here on purpose: others change it during a wait.
    private func wait(until due: MonotonicTime?) {
        if let due, state.timekeeperWaitsUntil == nil {
            state.timekeeperWaitsUntil = due
            timedWait(timeChanged, until: due)
            state.timekeeperWaitsUntil = nil
        } else {
            state.idleThreads += 1
            pthread_cond_wait(becameDue, lock)
            state.idleThreads -= 1
            state.threadCame()
        }
    }

    private func timedWait(_ condition: UnsafeMutablePointer<pthread_cond_t>, until due: MonotonicTime) {
        var time = timespec(
            tv_sec: Int(clamping: due.nanoseconds / 1_000_000_000),
            tv_nsec: Int(due.nanoseconds % 1_000_000_000)
        )
        pthread_cond_timedwait(condition, lock, &time)
    }

    // MARK: Batches that hang

    /// What the watchdog does once a second, until the threads have ended.
    private func watch() {
        while true {
            pthread_mutex_lock(lock)
            let isOver = state.isShutDown && state.rotation.isEmpty && state.running.isEmpty
            if !isOver {
                timedWait(batchEnded, until: MonotonicTime.now().advanced(byNanoseconds: 1_000_000_000))
            }
            pthread_mutex_unlock(lock)
            if isOver { return }
            abandonHungBatches()
        }
    }

    /// Gives up batches that run longer than they may: answers their callers and replaces their threads. The watchdog
    /// calls it; tests with a clock of their own do.
    package func abandonHungBatches() {
        for batch in withLock({ $0.takeHungBatches() }) {
            if batch.isOnPool, startsThreads { replaceThread() }
            let seconds = batch.ranNanoseconds / 1_000_000_000
            batch.abandon(
                .deadlineExceeded(
                    "The model has been running this batch for \(seconds) seconds without an answer; given up"
                )
            )
        }
    }

    /// Without a thread the others have to do; the one that hangs may come back to a scheduler without work.
    private func replaceThread() {
        try? startThreadIfPossible(named: "\(name)_r") { self.serve() }
    }
}
