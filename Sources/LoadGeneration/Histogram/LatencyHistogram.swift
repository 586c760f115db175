/// Counts of times in log-linear buckets: every value is known to three significant digits (at most 0.1 % off), from a
/// nanosecond to hours, in memory that grows only with the largest one.
///
/// The layout is that of HdrHistogram (http://hdrhistogram.org): 2048 buckets of one nanosecond, then for each further
/// power of two 1024 buckets of twice the width of those before.
public struct LatencyHistogram: Sendable, Equatable {
    private static let linearBits = 11
    private static let perOctave = 1 << (linearBits - 1)

    private var counts: [UInt64] = []
    public private(set) var count: UInt64 = 0
    /// The largest value, exactly.
    public private(set) var maximum: UInt64 = 0
    private var sum: Double = 0

    public init() {}

    public var isEmpty: Bool { count == 0 }
    public var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// Adds one value, in nanoseconds.
    @inline(__always)
    public mutating func record(_ nanoseconds: UInt64) {
        let bucket = Self.bucket(of: nanoseconds)
        if bucket >= counts.count { grow(toHold: bucket) }
        counts[bucket] &+= 1
        count &+= 1
        sum += Double(nanoseconds)
        if nanoseconds > maximum { maximum = nanoseconds }
    }

    /// Adds all values of another histogram.
    public mutating func add(_ other: LatencyHistogram) {
        if other.counts.count > counts.count { grow(toHold: other.counts.count - 1) }
        for bucket in other.counts.indices { counts[bucket] &+= other.counts[bucket] }
        count &+= other.count
        sum += other.sum
        maximum = max(maximum, other.maximum)
    }

    /// The smallest value that at least this share (0...1) of all values does not exceed, rounded up to its bucket's
    /// end; 0 when there is none.
    public func value(at share: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((Double(count) * share).rounded(.up)))
        var seen: UInt64 = 0
        for bucket in counts.indices {
            seen &+= counts[bucket]
            if seen >= wanted { return min(Self.lastValue(of: bucket), maximum) }
        }
        return maximum
    }

    /// Values of at most this many nanoseconds, to the precision of a bucket.
    public func count(upTo nanoseconds: UInt64) -> UInt64 {
        counts.prefix(Self.bucket(of: nanoseconds) + 1).reduce(0, &+)
    }

    /// Pairs of a value and the share of values up to it, for a curve: one for each bucket that is not empty.
    public var cumulativeShares: [(nanoseconds: UInt64, share: Double)] {
        var seen: UInt64 = 0
        return counts.indices.compactMap { bucket in
            guard counts[bucket] > 0 else { return nil }
            seen &+= counts[bucket]
            return (min(Self.lastValue(of: bucket), maximum), Double(seen) / Double(count))
        }
    }

    @inline(__always)
    private static func bucket(of value: UInt64) -> Int {
        guard value >= 1 << linearBits else { return Int(truncatingIfNeeded: value) }
        // How far to the right the value goes until it has `linearBits` bits.
        let shift = 63 &- value.leadingZeroBitCount &- (linearBits &- 1)
        return shift &* perOctave &+ Int(truncatingIfNeeded: value &>> UInt64(shift))
    }

    private static func lastValue(of bucket: Int) -> UInt64 {
        guard bucket >= 1 << linearBits else { return UInt64(bucket) }
        let shift = bucket / perOctave - 1
        let first = UInt64(bucket - shift * perOctave) << UInt64(shift)
        return first + (1 << UInt64(shift)) - 1
    }

    private mutating func grow(toHold bucket: Int) {
        let octaveEnd = (bucket / Self.perOctave + 1) * Self.perOctave
        counts.append(contentsOf: repeatElement(0, count: octaveEnd - counts.count))
    }
}
