package import ServingPrimitives

/// How often and how lately a version was used: a count that halves over time, so that what was in demand yesterday does
/// not count as what is in demand now.
package struct UseHistory: Sendable, Hashable {
    /// Nanoseconds over which a use comes to count half.
    package static let halfLife: Double = 1800e9

    package private(set) var lastUse: MonotonicTime?
    private var weight = 0.0
    private var weighedAt = MonotonicTime(nanoseconds: 0)

    package init() {}

    package mutating func note(_ uses: Int, at now: MonotonicTime) {
        guard uses > 0 else { return }
        weight = frequency(at: now) + Double(uses)
        weighedAt = now
        lastUse = now
    }

    /// Uses, the older ones counted less.
    package func frequency(at now: MonotonicTime) -> Double {
        guard weight > 0 else { return 0 }
        return weight * Self.half(Double(now.nanoseconds(since: weighedAt)) / Self.halfLife)
    }

    /// 2 to the power of `-x`, by squaring: exact enough, and without a mathematics library.
    static func half(_ x: Double) -> Double {
        guard x > 0 else { return 1 }
        guard x < 64 else { return 0 }
        let whole = Int(x)
        let rest = (x - Double(whole)) * 0.693_147_180_559_945_3 / 1024
        var factor = 1 - rest + rest * rest / 2
        for _ in 0..<10 { factor *= factor }
        return factor / Double(UInt64(1) << UInt64(whole))
    }
}
