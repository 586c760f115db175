import Batching
import Testing

@Suite struct LatencyCurveTests {
    private func curve(_ runs: [(rows: Int, nanoseconds: UInt64)], times: Int = 4) -> LatencyCurve {
        var curve = LatencyCurve()
        for _ in 0..<times {
            for run in runs { curve.learn(rows: run.rows, nanoseconds: run.nanoseconds) }
        }
        return curve
    }

    @Test func `nothing is known of a model that never ran`() {
        let curve = LatencyCurve()
        #expect(curve.isUnknown && curve.nanoseconds(rows: 5) == 0 && curve.largestRows == 0)
    }

    @Test(arguments: [(1, 2.1), (2, 2.2), (8, 2.8), (16, 3.6), (64, 8.4), (100, 12.0), (128, 14.8), (200, 22.0)])
    func `a straight curve is met, between what ran and beyond`(rows: Int, milliseconds: Double) {
        let curve = curve([1, 2, 4, 8, 32, 64, 128].map { ($0, UInt64(2_000_000 + 100_000 * $0)) })
        #expect(abs(curve.nanoseconds(rows: rows) / 1e6 - milliseconds) < milliseconds * 0.03)
    }

    @Test(arguments: [3.0, 5, 9, 14, 20])
    func `the rows within a time are those that take it`(milliseconds: Double) {
        let curve = curve([1, 4, 16, 64, 128].map { ($0, UInt64(2_000_000 + 100_000 * $0)) })
        let rows = curve.rows(within: milliseconds * 1e6)
        #expect(curve.nanoseconds(rows: rows) <= milliseconds * 1e6)
        #expect(curve.nanoseconds(rows: rows + 1) > milliseconds * 0.999e6)
    }

    @Test func `a first run that was slow is forgotten`() {
        var curve = LatencyCurve()
        curve.learn(rows: 8, nanoseconds: 500_000_000)
        for _ in 0..<2 { curve.learn(rows: 8, nanoseconds: 2_000_000) }
        #expect(curve.nanoseconds(rows: 8) < 2_100_000)
    }

    @Test func `a run that was preempted hardly counts`() {
        var curve = curve([(4, 1_000_000)], times: 20)
        curve.learn(rows: 4, nanoseconds: 80_000_000)
        #expect(curve.nanoseconds(rows: 4) < 1_100_000)
    }

    @Test func `a change that lasts is followed`() {
        var curve = curve([(4, 1_000_000)], times: 20)
        for _ in 0..<8 { curve.learn(rows: 4, nanoseconds: 5_000_000) }
        #expect(curve.nanoseconds(rows: 4) > 4_900_000)
    }

    /// Run times are mostly short with a long tail: sizes that do not run must not be thought faster and faster meanwhile.
    @Test func `runs of one size do not change what is known of another`() {
        var curve = curve([(1, 1_000_000), (16, 12_000_000)], times: 20)
        for run in 0..<200_000 { curve.learn(rows: 1, nanoseconds: run % 10 == 0 ? 3_000_000 : 800_000) }
        #expect(curve.nanoseconds(rows: 16) > 9_000_000)
        #expect(curve.nanoseconds(rows: 16) < 16_000_000)
    }

    @Test func `a slower machine is slower for all sizes`() {
        var curve = curve([(1, 1_000_000), (16, 12_000_000)], times: 20)
        for _ in 0..<60 { curve.learn(rows: 1, nanoseconds: 1_400_000) }
        #expect(curve.nanoseconds(rows: 16) > 13_500_000)
        #expect(curve.nanoseconds(rows: 1) > 1_350_000)
    }

    @Test func `a larger batch is never expected to be faster`() {
        let curve = curve([(1, 900_000), (2, 300_000), (4, 700_000), (8, 650_000), (64, 2_000_000)])
        var last = 0.0
        for rows in 1...200 {
            #expect(curve.nanoseconds(rows: rows) >= last)
            last = curve.nanoseconds(rows: rows)
        }
    }

    @Test func `a slow small run in the past does not spoil what many larger ones showed`() {
        var curve = LatencyCurve()
        curve.learn(rows: 1, nanoseconds: 800_000_000)
        for _ in 0..<50 { curve.learn(rows: 16, nanoseconds: 3_000_000) }
        #expect(curve.nanoseconds(rows: 16) < 100_000_000)
        curve.learn(rows: 1, nanoseconds: 1_000_000)
        #expect(curve.nanoseconds(rows: 16) < 3_100_000)
    }

    @Test(
        arguments: [
            // The text model of the seed benchmark, microseconds per row: 32 is best, 128 is worse than 1.
            ([(1, 331.0), (2, 338), (4, 330), (8, 315), (16, 304), (32, 305), (64, 324), (128, 382)], 8...32),
            // MobileNet: hardly anything to gain.
            ([(1, 11_770), (2, 11_470), (4, 10_560), (8, 10_360), (16, 10_310), (32, 10_240), (64, 10_140)], 4...64),
            // A perceptron.
            ([(1, 14.7), (2, 8.2), (4, 5.0), (8, 3.1), (16, 2.2), (32, 1.7), (64, 1.45), (128, 1.35)], 128...128),
        ]
    )
    func `the size that is cheapest per row is found`(points: [(Int, Double)], expected: ClosedRange<Int>) {
        let curve = curve(points.map { ($0.0, UInt64(Double($0.0) * $0.1 * 1000)) }, times: 16)
        #expect(expected.contains(curve.bestRows))
    }

    @Test func `sizes from one row to a million can be learnt`() {
        var curve = LatencyCurve()
        for rows in [1, 9, 1000, 1 << 20, Int.max] { curve.learn(rows: rows, nanoseconds: UInt64(min(rows, 1 << 40))) }
        #expect(curve.nanoseconds(rows: .max).isFinite)
        #expect(curve.rows(within: 1e30) <= 1 << 20)
    }
}
