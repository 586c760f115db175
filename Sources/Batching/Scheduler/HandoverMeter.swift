import ServingPrimitives

/// What it costs to hand a batch to an idle thread and its answers back, learnt from how soon called threads come.
struct HandoverMeter {
    private static let range = 10_000.0...100_000.0

    /// There and back.
    private var mean = 20_000.0
    private var calledAt: MonotonicTime?

    var nanoseconds: UInt64 { UInt64(min(max(mean, Self.range.lowerBound), Self.range.upperBound)) }

    mutating func called(at now: MonotonicTime) { if calledAt == nil { calledAt = now } }

    mutating func came(at now: MonotonicTime) {
        guard let called = calledAt else { return }
        calledAt = nil
        let both = min(2 * Double(now.nanoseconds(since: called)), Self.range.upperBound)
        mean += (both - mean) / 16
    }
}
