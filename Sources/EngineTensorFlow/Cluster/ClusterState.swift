import EngineInterface
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
    private var waiters: [UInt64: Waiter] = [:]
    private var lastWaiter: UInt64 = 0
    /// Requests in memory while they wait: bounded, as each holds its inputs.
    private static let maximumWaiters = 16_384

    private struct Waiter {
        var deadline: Deadline
        var completion: @Sendable (ServingError?) -> Void
    }

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
        let (refused, refusal) = withLock { () -> ([Waiter], ServingError?) in
            guard case .down = current else { return ([], nil) }
            goDown(reason, afterLifetime: 0)
            // Whose time is over before the next try need not wait for it.
            guard case .down(_, let until) = current else { return ([], nil) }
            return (takeWaiters { $0.deadline.time <= until }, Self.refusal(reason, until: until))
        }
        for waiter in refused { waiter.completion(refusal) }
    }

    /// - Returns: whether it is wanted.
    func use(_ session: ClusterSession) -> Bool {
        let (isWanted, waiting) = withLock { () -> (Bool, [Waiter]) in
            guard case .down = current else { return (false, []) }
            current = .up(session)
            openedAt = .now()
            isSuspect = false
            return (true, takeWaiters { _ in true })
        }
        for waiter in waiting { waiter.completion(nil) }
        return isWanted
    }

    /// - Parameter reason: what those who wait are told.
    /// - Returns: the session that is to be ended.
    func close(_ reason: ServingError) -> ClusterSession? {
        let (session, waiting) = withLock { () -> (ClusterSession?, [Waiter]) in
            defer { current = .closed }
            guard case .up(let session) = current else { return (nil, takeWaiters { _ in true }) }
            return (session, [])
        }
        for waiter in waiting { waiter.completion(reason) }
        return session
    }

    /// What becomes of a request: `RecoveringModel.whenBack`.
    ///
    /// - Parameter closed: what it is told when the model has ended.
    func wait(
        by deadline: Deadline,
        closed: ServingError,
        _ completion: @escaping @Sendable (ServingError?) -> Void
    ) -> RecoveryWait? {
        let (number, error) = withLock { () -> (UInt64?, ServingError?) in
            switch current {
            case .up: return (nil, nil)
            case .closed: return (nil, closed)
            case .down(let reason, let until):
                guard !deadline.isNever, deadline.time > until, !deadline.hasPassed(at: .now()) else {
                    return (nil, Self.refusal(reason, until: until))
                }
                guard waiters.count < Self.maximumWaiters else {
                    var error = Self.refusal(reason, until: until)
                    error.code = .resourceExhausted
                    return (nil, error)
                }
                lastWaiter += 1
                waiters[lastWaiter] = Waiter(deadline: deadline, completion: completion)
                return (lastWaiter, nil)
            }
        }
        guard let number else {
            completion(error)
            return nil
        }
        return RecoveryWait { [weak self] in
            // It may hold the last reference to something: it ends when the lock is free.
            _ = self?.withLock { self?.waiters.removeValue(forKey: number) }
        }
    }

    static func refusal(_ error: ServingError, until: MonotonicTime) -> ServingError {
        var error = error
        error.retryAfterNanoseconds = max(until.nanoseconds(since: .now()), RestartDelay.first)
        return error
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

    private func takeWaiters(_ isMeant: (Waiter) -> Bool) -> [Waiter] {
        let taken = waiters.filter { isMeant($0.value) }
        for number in taken.keys { waiters[number] = nil }
        return taken.sorted { $0.key < $1.key }.map(\.value)
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
