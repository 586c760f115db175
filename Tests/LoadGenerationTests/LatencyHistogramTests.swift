import Testing

@testable import LoadGeneration

struct LatencyHistogramTests {
    private static let shares = [0.0001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1]

    /// Values over the whole range that a run meets, from nanoseconds to minutes.
    private static func values(seed: UInt64, count: Int) -> [UInt64] {
        var random = RandomSource(seed: seed)
        return (0..<count).map { _ in
            let magnitude = UInt64.random(in: 0...37, using: &random)
            return UInt64.random(in: 0...(1 << magnitude), using: &random)
        }
    }

    @Test(arguments: [1, 2, 7, 1000, 50_000])
    func `quantiles are those of the sorted values to a tenth of a percent`(count: Int) {
        let values = Self.values(seed: UInt64(count), count: count)
        var histogram = LatencyHistogram()
        for value in values { histogram.record(value) }
        let sorted = values.sorted()
        for share in Self.shares {
            let exact = sorted[max(1, Int((Double(count) * share).rounded(.up))) - 1]
            let found = histogram.value(at: share)
            #expect(found >= exact)
            #expect(Double(found) <= Double(exact) * 1.001)
        }
        #expect(histogram.maximum == sorted.last)
        #expect(histogram.count == UInt64(count))
    }

    @Test(arguments: [0, 1, 2047, 2048, 2049, 4095, 4096, 1 << 40, UInt64.max / 4])
    func `a single value is every quantile`(value: UInt64) {
        var histogram = LatencyHistogram()
        histogram.record(value)
        for share in Self.shares { #expect(histogram.value(at: share) == value) }
        #expect(histogram.mean == Double(value))
    }

    @Test func `an empty histogram has zeros`() {
        let histogram = LatencyHistogram()
        #expect(histogram.isEmpty)
        #expect(histogram.value(at: 0.5) == 0)
        #expect(histogram.mean == 0)
        #expect(histogram.cumulativeShares.isEmpty)
    }

    @Test func `the sum of two histograms is the histogram of all values`() {
        let values = Self.values(seed: 3, count: 3000)
        var all = LatencyHistogram()
        var parts = [LatencyHistogram(), LatencyHistogram()]
        for (index, value) in values.enumerated() {
            all.record(value)
            parts[index % 2].record(value)
        }
        parts[0].add(parts[1])
        for share in Self.shares { #expect(parts[0].value(at: share) == all.value(at: share)) }
        #expect(parts[0].count == all.count)
        #expect(parts[0].maximum == all.maximum)
    }

    @Test func `values up to a bound are counted`() {
        var histogram = LatencyHistogram()
        for value in 1...1000 as ClosedRange<UInt64> { histogram.record(value * 1_000_000) }
        let counted = histogram.count(upTo: 250_000_000)
        #expect((250...251).contains(counted))
        #expect(histogram.count(upTo: 10_000_000_000) == 1000)
    }

    @Test func `the curve ends with all values`() throws {
        var histogram = LatencyHistogram()
        for value in [10, 20, 20, 5000] as [UInt64] { histogram.record(value) }
        let curve = histogram.cumulativeShares
        #expect(curve.map(\.share) == [0.25, 0.75, 1])
        #expect(curve.map(\.nanoseconds) == [10, 20, 5000])
    }
}
