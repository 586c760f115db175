public import ServingPrimitives

/// Whether a replica is asked: a state machine that is told how calls went, and when.
///
/// After a number of failures in a row it is ejected. When its pause is over one call tries it; that one's answer
/// brings it back, that one's failure ejects it for twice as long.
public struct ReplicaHealth: Sendable, Hashable {
    public enum Phase: Sendable, Hashable {
        /// Asked, with so many failures since it last answered.
        case good(failures: Int)
        /// Not asked before that time.
        case ejected(until: MonotonicTime)
        /// One call is trying it.
        case probing
    }

    public private(set) var phase = Phase.good(failures: 0)
    /// In a row, until it answers again.
    private var ejections = 0

    public init() {}

    public var isGood: Bool { if case .good = phase { true } else { false } }

    /// Whether a call should try it.
    public func isDue(at now: MonotonicTime) -> Bool {
        if case .ejected(let until) = phase { until <= now } else { false }
    }

    /// A call begins that tries it.
    mutating func probe() { phase = .probing }

    mutating func answered() {
        phase = .good(failures: 0)
        ejections = 0
    }

    /// - Parameter wasProbe: the call was the one that tried it.
    /// - Returns: whether this ejected it, for the first time since it was good.
    mutating func failed(wasProbe: Bool, at now: MonotonicTime, _ rules: EjectionRules) -> Bool {
        switch phase {
        case .good(let failures):
            guard failures + 1 >= rules.failuresInARow else {
                phase = .good(failures: failures + 1)
                return false
            }
            eject(at: now, rules)
            return true
        case .probing where wasProbe:
            eject(at: now, rules)
            return false
        // A call that began before it was ejected says nothing new.
        case .ejected, .probing: return false
        }
    }

    /// A call that tried it was given up before there was anything to learn: another may try at once.
    mutating func probeGivenUp(at now: MonotonicTime) {
        if phase == .probing { phase = .ejected(until: now) }
    }

    private mutating func eject(at now: MonotonicTime, _ rules: EjectionRules) {
        ejections += 1
        phase = .ejected(until: now.advanced(byNanoseconds: rules.pause(after: ejections)))
    }
}
