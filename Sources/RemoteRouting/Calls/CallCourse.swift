public import ServingPrimitives

/// The course of one call: whether another replica is asked, and when it is over. Knows no clock and no connection: it is
/// told what happens and says what to do.
public struct CallCourse: Sendable, Hashable {
    public enum Step: Sendable, Hashable {
        /// Another replica is to be asked, one that was not; then `asked` or, where there is none, `nobodyIsLeft`.
        case ask
        /// An answer may still come.
        case wait
        /// The call is over with this error.
        case fail(ServingError)
    }

    private var mayRetry: Bool
    private var mayHedge: Bool
    /// Requests without an answer.
    private var open = 0
    /// What the call is answered with if nothing better comes.
    private var error: ServingError?

    public init(_ rules: CallRules) {
        mayRetry = rules.retries
        mayHedge = rules.hedgeDelay != nil
    }

    /// A request is on its way.
    public mutating func asked() { open += 1 }

    /// A request came to nothing.
    public mutating func failed(_ error: ServingError) -> Step {
        open -= 1
        self.error = error
        // Only what another replica may do better: a wrong request is as wrong there.
        if error.isOfReplica, mayRetry {
            mayRetry = false
            return .ask
        }
        return open > 0 && error.isOfReplica ? .wait : .fail(error)
    }

    /// The call took as long as calls are let be before another replica is asked as well.
    public mutating func isSlow() -> Step {
        guard mayHedge, open > 0 else { return .wait }
        mayHedge = false
        return .ask
    }

    /// There is no other replica to ask.
    public func nobodyIsLeft() -> Step {
        if open > 0 { return .wait }
        return .fail(error ?? .unavailable("no replica is known"))
    }
}

extension ServingError {
    /// Says something about the replica, not about the request. `NOT_FOUND` is a replica whose model has not come yet, or
    /// has gone.
    public var isOfReplica: Bool { code == .unavailable || code == .notFound }
}
