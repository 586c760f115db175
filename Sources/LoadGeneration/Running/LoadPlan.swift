/// How a run loads its targets. Times are in nanoseconds.
public struct LoadPlan: Sendable {
    /// One load; a run goes through several.
    public enum Level: Sendable {
        /// So many requests in flight at any time.
        case closed(inFlight: Int)
        /// Poisson arrivals, so many a second on average.
        case open(rate: Double)
        /// `rate` for `around` seconds, `factor` times as much for `length` seconds, then as before.
        case burst(rate: Double, factor: Double, length: Double, around: Double)
        /// Arrivals as recorded.
        case recorded([UInt64])

        /// Requests a second that are offered; `nil` where answers decide.
        public var rate: Double? {
            switch self {
            case .closed: nil
            case .open(let rate), .burst(let rate, _, _, _): rate
            case .recorded(let times):
                times.last.flatMap { $0 > 0 ? Double(times.count) / (Double($0) / 1e9) : nil }
            }
        }

        /// As tables show it.
        public var label: String {
            switch self {
            case .closed(let inFlight): "\(inFlight) in flight"
            case .open(let rate): "\(TextTable.rate(rate))/s"
            case .burst(let rate, let factor, let length, _):
                "\(TextTable.rate(rate))/s, \(TextTable.short(length))s@\(TextTable.short(factor))x"
            case .recorded(let times): "\(times.count) recorded"
            }
        }
    }

    public var levels: [Level] = [.closed(inFlight: 16)]
    /// For each target and level.
    public var duration: UInt64 = 10_000_000_000
    /// Ends a level earlier, for each target.
    public var requests = Int.max
    /// How long one target is loaded before it is the next one's turn.
    public var slice: UInt64 = 1_000_000_000
    public var warmUp: UInt64 = 500_000_000
    public var threads = 1
    /// For each target; `nil`: for a closed loop one over HTTP/2 and as many as requests in flight over
    /// HTTP/1.1; for an open one 8 and 16.
    public var connections: Int?
    public var connectionLimit = 512
    public var deadline: UInt64?
    public var cancelsExpired = true
    /// How long to wait for the last answers of a slice.
    public var grace: UInt64 = 5_000_000_000
    public var seed: UInt64 = 1
    public var requiresEqualAnswers = false
    public var spins = false

    public init() {}
}
