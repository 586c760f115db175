import ServingPrimitives

/// How much came per time lately, by the last full interval and the ones before it, each weighing half of its successor.
struct RateMeter: Sendable {
    private static let interval: UInt64 = 10_000_000

    private var start = MonotonicTime.distantPast
    private var amount = 0.0
    private var rate = 0.0

    mutating func add(_ amount: Int, at now: MonotonicTime) {
        if now.nanoseconds(since: start) >= Self.interval { turn(at: now) }
        self.amount += Double(amount)
    }

    private mutating func turn(at now: MonotonicTime) {
        rate = perNanosecond(at: now)
        start = now
        amount = 0
    }

    /// Units a nanosecond.
    func perNanosecond(at now: MonotonicTime) -> Double {
        let span = now.nanoseconds(since: start)
        guard span >= Self.interval else { return rate }
        let intervals = Double(span) / Double(Self.interval)
        let current = amount / Double(span)
        // Many intervals have passed when little comes: they all weigh.
        return intervals > 6 ? current : rate * 0.5 + current * 0.5
    }
}
