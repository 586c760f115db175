/// How long to wait after failures in a row: half a second, twice as long each time, at most a minute.
enum Backoff {
    static let longest: Int64 = 60_000_000_000
    private static let first: Int64 = 500_000_000

    /// In nanoseconds.
    ///
    /// - Parameter spread: 0 to 1; takes off up to a quarter, so that many do not come back at once.
    static func delay(failures: Int, spread: Double = 0) -> Int64 {
        guard failures > 0 else { return 0 }
        let doubled = first << Int64(min(failures - 1, 10))
        let whole = min(doubled, longest)
        return whole - Int64(Double(whole / 4) * min(max(spread, 0), 1))
    }
}
