/// How long a lost session is left alone before it is made again: the first time a tenth of a second, then twice as long each
/// time, up to some seconds: a try costs little, and nobody can tell when a worker comes back.
struct ReconnectDelay: Sendable {
    static let first: UInt64 = 100_000_000
    static let longest: UInt64 = 5_000_000_000
    /// A session that lived for so long begins anew.
    static let provenAfter: UInt64 = 60_000_000_000

    private var failures = 0

    /// - Parameter lifetime: how long the session lived, in nanoseconds; 0 for one that could not be made.
    /// - Returns: nanoseconds until the next try.
    mutating func next(afterLifetime lifetime: UInt64) -> UInt64 {
        if lifetime >= Self.provenAfter { failures = 0 }
        defer { failures = min(failures + 1, 16) }
        return min(Self.first << UInt64(failures), Self.longest)
    }
}
