/// How long something that ended, and is to be there, is left alone before it is started again: the first time a tenth of a
/// second, so that one end costs little, then twice as long each time, up to `longest`, so that what cannot live costs
/// little either. What lived for a minute begins anew.
public struct RestartDelay: Sendable {
    public static let first: UInt64 = 100_000_000
    public static let provenAfter: UInt64 = 60_000_000_000

    private let longest: UInt64
    private var failures = 0

    /// - Parameter longest: nanoseconds.
    public init(longest: UInt64) { self.longest = longest }

    /// - Parameter lifetime: how long it lived, in nanoseconds; 0 for what could not be started.
    /// - Returns: nanoseconds until the next start.
    public mutating func next(afterLifetime lifetime: UInt64) -> UInt64 {
        if lifetime >= Self.provenAfter { failures = 0 }
        defer { failures = min(failures + 1, Self.doublings) }
        return min(Self.first << UInt64(failures), longest)
    }

    /// Enough for a week.
    private static let doublings = 24
}
