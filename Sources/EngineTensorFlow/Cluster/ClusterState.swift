import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Which session a model has, shared by those who run it and by the thread that sees to it.
final class ClusterState: @unchecked Sendable {
    // Sendable: `lock` guards every field below it.
    enum Phase {
        case up(ClusterSession)
        /// Until when nothing is tried.
        case down(ServingError, until: MonotonicTime)
        case closed
    }

    /// What the thread that waits has to do.
    enum Task {
        /// Look whether the cluster is there.
        case look
        /// The session was lost: tell of it.
        case mourn(ServingError)
        /// Make a session.
        case open
        case end
    }

    private let lock = WaitableLock()
    private var current: Phase
    private var isSuspect = false
    private var lost: ServingError?
    static let longestDelay: UInt64 = 5_000_000_000
    private var delay = RestartDelay(longest: ClusterState.longestDelay)
    private var openedAt = MonotonicTime.now()

    init(_ session: ClusterSession) {
        current = .up(session)
    }

    var phase: Phase { withLock { current } }

    func isCurrent(_ session: ClusterSession) -> Bool { withLock { isUp(session) } }

    /// The session is of no use any more; nothing happens when it is not the current one.
    func lose(_ session: ClusterSession, _ reason: ServingError) {
        withLock {
            guard isUp(session) else { return }
            let lifetime = MonotonicTime.now().nanoseconds(since: openedAt)
            goDown(reason, afterLifetime: lifetime)
            lost = reason
        }
    }

    /// Something is wrong, and may be the cluster: it is looked at soon.
    func suspect() { withLock { isSuspect = true } }

    /// No session could be made.
    func fail(_ reason: ServingError) {
        withLock { if case .down = current { goDown(reason, afterLifetime: 0) } }
    }

    /// - Returns: whether it is wanted.
    func use(_ session: ClusterSession) -> Bool {
        withLock {
            guard case .down = current else { return false }
            current = .up(session)
            openedAt = .now()
            isSuspect = false
            return true
        }
    }

    /// - Returns: the session that is to be ended.
    func close() -> ClusterSession? {
        withLock {
            defer { current = .closed }
            guard case .up(let session) = current else { return nil }
            return session
        }
    }

    /// Blocks until there is something to do.
    ///
    /// - Parameter interval: nanoseconds between two looks at a cluster of which nothing is known.
    func next(interval: UInt64) -> Task {
        lock.withLock { untilThereIsATask(interval: interval) }
    }

    // MARK: With the lock held

    private func untilThereIsATask(interval: UInt64) -> Task {
        let lookAt = MonotonicTime.now().advanced(byNanoseconds: interval)
        while true {
            if let lost {
                self.lost = nil
                return .mourn(lost)
            }
            switch current {
            case .closed: return .end
            case .up:
                if isSuspect || lookAt <= .now() {
                    isSuspect = false
                    return .look
                }
                _ = lock.wait(until: lookAt)
            case .down(_, let until):
                if until <= .now() { return .open }
                _ = lock.wait(until: until)
            }
        }
    }

    private func isUp(_ session: ClusterSession) -> Bool {
        if case .up(let current) = current { current === session } else { false }
    }

    private func goDown(_ reason: ServingError, afterLifetime lifetime: UInt64) {
        let pause = delay.next(afterLifetime: lifetime)
        current = .down(reason, until: .now().advanced(byNanoseconds: pause))
    }

    // MARK: The lock

    /// Whoever waits looks again at what has changed.
    private func withLock<R>(_ body: () -> R) -> R {
        defer { lock.wakeAll() }
        return lock.withLock(body)
    }
}
