/// How long an engine process that ended is left alone before it is started again: the first time a tenth of a second, so
/// that one crash costs little, then twice as long each time, up to half a minute, so that one that cannot live costs
/// little either. One that ran for a minute begins anew.
struct RestartDelay: Sendable {
    private(set) var failures = 0

    static let first: UInt64 = 100_000_000
    static let longest: UInt64 = 30_000_000_000
    static let provenAfter: UInt64 = 60_000_000_000

    /// - Parameter lifetime: how long the process ran, in nanoseconds; 0 for one that could not be started.
    /// - Returns: nanoseconds until the next start.
    mutating func next(afterLifetime lifetime: UInt64) -> UInt64 {
        if lifetime >= Self.provenAfter { failures = 0 }
        defer { failures = min(failures + 1, 62) }
        return failures < 9 ? min(Self.first << UInt64(failures), Self.longest) : Self.longest
    }
}
