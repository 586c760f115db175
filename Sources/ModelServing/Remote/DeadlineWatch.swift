import ServingPrimitives

/// Calls back when deadlines pass. Made for many that do not: one that ends before it is due costs an entry in a table,
/// and wakes nobody.
final class DeadlineWatch: @unchecked Sendable {
    // Sendable: `lock` guards every field below it.
    typealias Action = @Sendable () -> Void

    private let lock = WaitableLock()
    private var entries: [UInt64: (deadline: Deadline, action: Action)] = [:]
    private var count: UInt64 = 0
    /// When the thread looks next.
    private var wakeUp = Deadline.never
    private var hasThread = false
    private var isClosed = false

    init() {}

    /// Calls `action` on a thread of this one's when `deadline` passes, at once where it has.
    ///
    /// - Returns: what to call when it is not to be called any more. It may still be called by a thread that is about to.
    func add(_ deadline: Deadline, _ action: @escaping Action) -> Action {
        guard !deadline.isNever else { return {} }
        let (number, startsThread) = lock.withLock {
            count += 1
            entries[count] = (deadline, action)
            if deadline < wakeUp {
                wakeUp = deadline
                lock.wakeOne()
            }
            defer { hasThread = true }
            return (count, !hasThread)
        }
        if startsThread { startThread(named: "deadlines") { [self] in watch() } }
        return { [self] in lock.withLock { _ = entries.removeValue(forKey: number) } }
    }

    /// Ends the thread. No action is called any more.
    func close() {
        lock.withLock {
            isClosed = true
            entries = [:]
            lock.wakeAll()
        }
    }

    private func watch() {
        while let actions = due() { for action in actions { action() } }
    }

    /// Waits until there is something to call; `nil` when this was closed.
    private func due() -> [Action]? {
        lock.withLock {
            while !isClosed {
                let now = MonotonicTime.now()
                let passed = entries.filter { $0.value.deadline.hasPassed(at: now) }
                for number in passed.keys { entries.removeValue(forKey: number) }
                wakeUp = entries.values.map(\.deadline).min() ?? .never
                if !passed.isEmpty { return passed.values.map(\.action) }
                if wakeUp.isNever { lock.wait() } else { _ = lock.wait(until: wakeUp.time) }
            }
            return nil
        }
    }
}
