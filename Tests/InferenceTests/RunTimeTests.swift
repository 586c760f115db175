import Testing

@testable import Inference

@Suite struct RunTimeEstimateTests {
    @Test(arguments: [
        (-5, 0), (0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (1023, 10), (1024, 11), (.max, 39),
    ])
    func `sizes are classed by their power of two`(elements: Int, sizeClass: Int) {
        #expect(RunTimeEstimate.sizeClass(elements) == sizeClass)
    }

    @Test(
        arguments: [
            (0, 5, 5), (0, 0, 1), (100, 100, 100), (100, 50, 75), (100, 0, 50), (100, 108, 101), (100, 180, 110),
            (100, 101, 101), (100, 1_000_000, 137), (1, 2, 2),
        ] as [(UInt64, UInt64, UInt64)]
    )
    func `an estimate falls quickly and rises slowly`(current: UInt64, sample: UInt64, updated: UInt64) {
        #expect(RunTimeEstimate.updated(current, sample: sample) == updated)
    }

    @Test func `sizes that were not seen have no estimate`() {
        let estimate = RunTimeEstimate()
        estimate.record(elements: 3, nanoseconds: 500)
        #expect(estimate.expected(elements: 2) == 500)
        #expect(estimate.expected(elements: 1) == 0)
        #expect(estimate.expected(elements: 4) == 0)
    }
}
