/// When a model that keeps failing is left alone for a while, so that its callers hear of it at once and its engine threads
/// serve others. A plain value: time is told to it, in nanoseconds.
///
/// - closed: everything runs. So many failures in a row, or such a share of failures in a window, open it.
/// - open: nothing runs until the rest is over.
/// - probing: one call at a time runs. A success closes it, a failure opens it again.
public struct CircuitBreaker: Sendable, Hashable {
    public struct Rules: Sendable, Hashable {
        /// Failures in a row that open it; 0 does not count them.
        public var consecutiveFailures = 0
        /// Share of the runs in a window, above 0 and up to 1, that open it when they fail; 0 does not count them.
        public var failureShare = 0.0
        /// Runs that a window must have for its share to count.
        public var minimumRuns = 20
        public var windowNanoseconds: UInt64 = 10_000_000_000
        /// How long nothing runs.
        public var restNanoseconds: UInt64 = 5_000_000_000

        public init(consecutiveFailures: Int = 0, failureShare: Double = 0) {
            self.consecutiveFailures = consecutiveFailures
            self.failureShare = failureShare
        }

        /// Whether it can open at all.
        public var isOn: Bool { consecutiveFailures > 0 || failureShare > 0 }
    }

    public enum State: Sendable, Hashable {
        case closed
        case open(until: UInt64)
        /// - Parameter next: when another probe may go, should nothing be heard of the last.
        case probing(next: UInt64)
    }

    public enum Decision: Sendable, Hashable {
        case run
        /// - Parameter retryAfter: nanoseconds after which a call has a chance.
        case refuse(retryAfter: UInt64)
    }

    public let rules: Rules
    public private(set) var state = State.closed
    private var failuresInARow = 0
    /// The window begins with its first failure; `nil` when there is none.
    private var windowStart: UInt64?
    private var windowRuns = 0
    private var windowFailures = 0

    public init(rules: Rules) { self.rules = rules }

    /// Whether a success would change nothing: what nearly every run finds.
    public var isUntroubled: Bool { state == .closed && failuresInARow == 0 && windowStart == nil }

    /// Whether a call may run now.
    public mutating func admit(at now: UInt64) -> Decision {
        switch state {
        case .closed: return .run
        case .open(let until) where now < until: return .refuse(retryAfter: until - now)
        case .probing(let next) where now < next: return .refuse(retryAfter: next - now)
        case .open, .probing:
            state = .probing(next: now &+ rules.restNanoseconds)
            return .run
        }
    }

    /// A run of the model went well.
    public mutating func succeeded(at now: UInt64) {
        switch state {
        case .closed:
            failuresInARow = 0
            count(isFailure: false, at: now)
        case .probing: close()
        // Began before it opened.
        case .open: return
        }
    }

    /// A run of the model failed, and not for a fault of its caller.
    public mutating func failed(at now: UInt64) {
        switch state {
        case .closed:
            failuresInARow += 1
            count(isFailure: true, at: now)
            let isRow = rules.consecutiveFailures > 0 && failuresInARow >= rules.consecutiveFailures
            if isRow || isShareReached { open(at: now) }
        case .probing: open(at: now)
        case .open: return
        }
    }

    private mutating func count(isFailure: Bool, at now: UInt64) {
        guard rules.failureShare > 0 else { return }
        if let start = windowStart, now &- start >= rules.windowNanoseconds { resetWindow() }
        if windowStart == nil {
            guard isFailure else { return }
            windowStart = now
        }
        windowRuns += 1
        if isFailure { windowFailures += 1 }
    }

    private var isShareReached: Bool {
        rules.failureShare > 0 && windowRuns >= rules.minimumRuns
            && Double(windowFailures) >= rules.failureShare * Double(windowRuns)
    }

    private mutating func open(at now: UInt64) {
        state = .open(until: now &+ rules.restNanoseconds)
        failuresInARow = 0
        resetWindow()
    }

    private mutating func close() {
        state = .closed
        failuresInARow = 0
        resetWindow()
    }

    private mutating func resetWindow() { (windowStart, windowRuns, windowFailures) = (nil, 0, 0) }
}
