import ServingPrimitives

/// Everything a scheduler decides, without its threads: who is to be woken, what is to be run.
struct SchedulerState {
    /// When a task is added, and whether somebody has been told before that its queue has a batch.
    struct AddingTime {
        let time: MonotonicTime
        let wasDue: Bool
    }

    /// Whom to wake when the lock is left.
    enum Call {
        case nobody
        case idleThread
        case timekeeper
    }

    /// What a thread that has nothing to do is to do.
    enum Step {
        case run(StartedBatch)
        case wait(until: MonotonicTime?)
        /// The scheduler is shut down, and nothing waits any more.
        case end
    }

    private let clock: @Sendable () -> MonotonicTime
    /// Threads that run batches, whether or not they exist.
    let threads: Int
    /// Nothing runs on the threads that submit.
    var keepsToItsThreads = false
    private(set) var rotation = FairRotation()
    private(set) var running: [StartedBatch] = []
    /// Of the running ones, those on threads of the pool.
    private var busyThreads = 0
    /// Threads that wait to be called.
    var idleThreads = 0
    /// How long the thread that waits for time to pass waits; `nil` when there is none.
    var timekeeperWaitsUntil: MonotonicTime?
    var call = Call.nobody
    private(set) var isDraining = false
    private(set) var isShutDown = false
    private var handover = HandoverMeter()
    private var accounts: [Int: WeakAccount] = [:]
    private let hangLimit: UInt64

    private struct WeakAccount {
        weak var account: ShareAccount?
    }

    init(threads: Int, hangLimit: UInt64, clock: @escaping @Sendable () -> MonotonicTime) {
        self.threads = threads
        self.hangLimit = hangLimit
        self.clock = clock
    }

    func now() -> MonotonicTime { clock() }

    mutating func account(for share: QueueShare) -> ShareAccount {
        guard let group = share.group else { return ShareAccount(share) }
        if let account = accounts[group]?.account, account.weight == share.weight { return account }
        accounts = accounts.filter { $0.value.account != nil }
        let account = ShareAccount(share)
        accounts[group] = WeakAccount(account: account)
        return account
    }

    // MARK: Tasks

    func beginAdding(to queue: some QueueEntry) throws(TaskRefusal) -> AddingTime {
        guard !isShutDown else { throw .error(.unavailable("The server is shutting down")) }
        let now = clock()
        return AddingTime(time: now, wasDue: queue.dueTime.map { $0 <= now } ?? false)
    }

    mutating func added(to queue: some QueueEntry, _ adding: AddingTime) {
        if isDraining { queue.drain() }
        if !queue.isListed { rotation.add(queue, at: adding.time) }
        // Whoever found the queue due before has called a thread already.
        if !adding.wasDue, let due = queue.dueTime { callThread(for: due, adding.time) }
    }

    mutating func removed(from queue: some QueueEntry) { rotation.removeIfEmpty(queue) }

    /// Sees to it that a thread looks at the queues at `due`. Threads that are busy look when they have finished.
    mutating func callThread(for due: MonotonicTime, _ now: MonotonicTime) {
        if due <= now, idleThreads > 0 {
            handover.called(at: now)
            call = .idleThread
        } else if let until = timekeeperWaitsUntil {
            if due < until { call = .timekeeper }
        } else if idleThreads > 0 {
            call = .idleThread
        }
    }

    // MARK: Batches

    /// What queues are told of the threads.
    func pool(at now: MonotonicTime, besides queue: (any QueueEntry)? = nil) -> PoolState {
        let idle = max(threads - busyThreads, 0)
        var otherDemand = 0.0
        if let queue {
            for other in rotation.queues where other !== queue { otherDemand += other.demand(at: now) }
        }
        return PoolState(
            threads: threads,
            idleThreads: idle,
            nanosecondsUntilFree: idle > 0 ? 0 : nanosecondsUntilFree(at: now),
            otherDemand: otherDemand / Double(threads)
        )
    }

    private func nanosecondsUntilFree(at now: MonotonicTime) -> UInt64 {
        var least = UInt64.max
        for batch in running where batch.isOnPool { least = min(least, batch.expectedEnd.nanoseconds(since: now)) }
        return least == .max ? 0 : least
    }

    mutating func step() -> Step {
        let now = clock()
        let batch = next(at: now)
        let due = rotation.dueTime
        if let batch {
            // There may be another batch, or nobody may be waiting for the time any more.
            if let due { callThread(for: due, now) }
            return .run(batch)
        }
        return isShutDown && rotation.isEmpty ? .end : .wait(until: due)
    }

    /// The next batch for a thread of the pool; `nil` when none is due.
    mutating func next(at now: MonotonicTime) -> StartedBatch? {
        while let index = rotation.next(at: now) {
            let queue = rotation.queues[index]
            let started = queue.take(at: now, pool(at: now, besides: queue), isOnPool: true)
            if let started { start(started, at: now) }
            rotation.served(index, at: now)
            if let started { return started }
        }
        return nil
    }

    private mutating func start(_ batch: StartedBatch, at now: MonotonicTime) {
        guard batch.hasBatch else { return }
        let predicted = batch.predictedNanoseconds ?? 0
        batch.charge = max(Double(predicted), 1000)
        batch.entry.account.charge(batch.charge)
        let limit = predicted.multipliedReportingOverflow(by: 50)
        batch.limit = now.advanced(byNanoseconds: max(hangLimit, limit.overflow ? .max : limit.partialValue))
        running.append(batch)
        if batch.isOnPool { busyThreads += 1 }
    }

    /// Whether the thread still belongs to the pool: not when the batch was given up meanwhile.
    mutating func finish(_ batch: StartedBatch, _ outcome: BatchOutcome) -> Bool {
        guard batch.hasBatch else { return true }
        guard !batch.isAbandoned else { return false }
        remove(batch)
        batch.entry.account.charge(Double(outcome.runNanoseconds) - batch.charge)
        let now = clock()
        batch.finished(outcome, at: now)
        // A thread of the pool looks for itself.
        if !batch.isOnPool, batch.entry.isListed, let due = batch.entry.dueTime { callThread(for: due, now) }
        return true
    }

    private mutating func remove(_ batch: StartedBatch) {
        guard let index = running.firstIndex(where: { $0 === batch }) else { return }
        running.swapAt(index, running.count - 1)
        running.removeLast()
        if batch.isOnPool { busyThreads -= 1 }
    }

    /// The batches that run longer than they may, for their callers to be answered.
    mutating func takeHungBatches() -> [StartedBatch] {
        let now = clock()
        let hung = running.filter { $0.limit <= now }
        for batch in hung {
            batch.isAbandoned = true
            batch.ranNanoseconds = now.nanoseconds(since: batch.startTime)
            remove(batch)
        }
        return hung
    }

    // MARK: The caller's thread

    /// Whether to run what waits in `queue`, which was empty, on the thread that submitted it.
    func shouldRunOnCaller(_ queue: some QueueEntry, at now: MonotonicTime) -> Bool {
        guard !keepsToItsThreads, let predicted = queue.predictedNanoseconds, predicted < handover.nanoseconds else {
            return false
        }
        let urgency = queue.urgency
        return !rotation.queues.contains { $0.urgency.precedes(urgency) } || busyThreads < threads
    }

    mutating func takeForCaller(_ queue: some QueueEntry, _ adding: AddingTime) -> StartedBatch? {
        let started = queue.take(at: adding.time, pool(at: adding.time), isOnPool: false)
        if let started { start(started, at: adding.time) }
        if !queue.isEmpty { added(to: queue, adding) }
        return started
    }

    /// A thread that was called has come.
    mutating func threadCame() { handover.came(at: clock()) }

    // MARK: The end

    mutating func drain() {
        isDraining = true
        rotation.drain()
    }

    mutating func shutDown() {
        isShutDown = true
        drain()
    }
}

extension Urgency {
    /// Whether it goes before `other`, by itself.
    func precedes(_ other: Urgency) -> Bool {
        priority > other.priority || priority == other.priority && time < other.time
    }
}
