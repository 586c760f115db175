/// When a replica is left alone, and for how long.
public struct EjectionRules: Sendable, Hashable {
    /// Failures with no answer between them that eject a replica.
    public var failuresInARow = 3
    /// Nanoseconds until an ejected replica is tried again; doubled for each try that fails.
    public var firstPause: UInt64 = 100_000_000
    /// The longest such pause, in nanoseconds.
    public var longestPause: UInt64 = 10_000_000_000

    public init() {}

    /// - Parameter ejections: how often in a row the replica was ejected, this time included.
    func pause(after ejections: Int) -> UInt64 {
        let doublings = max(0, min(ejections - 1, 32))
        let (pause, overflow) = firstPause.multipliedReportingOverflow(by: 1 << UInt64(doublings))
        return overflow ? longestPause : min(pause, longestPause)
    }
}
