extension LoadResult {
    /// How long after a burst answers were in time again.
    public struct Recovery: Sendable, Equatable {
        /// `nil`: not at all.
        public var nanoseconds: UInt64?
    }

    private static let window = 10
    private static let share = 0.95

    /// From the end of the burst to the first 100 ms of which at least 95 % of the requests were answered in time;
    /// `nil` when the run has no burst, or ended before it did.
    public var recovery: Recovery? {
        guard case .burst(_, _, let length, let around) = level else { return nil }
        let first = Int(((around + length) * 1e9 / Double(SliceTally.seriesNanoseconds)).rounded())
        guard first + Self.window <= tally.series.count else { return nil }
        for start in first...(tally.series.count - Self.window) {
            let window = tally.series[start..<(start + Self.window)]
            let offered = window.reduce(0) { $0 + Int($1.offered) }
            let good = window.reduce(0) { $0 + Int($1.good) }
            guard offered > 0, Double(good) >= Double(offered) * Self.share else { continue }
            return Recovery(nanoseconds: UInt64(start - first) * SliceTally.seriesNanoseconds)
        }
        return Recovery(nanoseconds: nil)
    }
}
