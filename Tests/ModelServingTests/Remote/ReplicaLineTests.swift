import Testing

@testable import ModelServing

@Suite struct ReplicaLineTests {
    @Test(
        arguments: [
            (0, 0), (1, 0), (1_000_000, 0), (1_000_001, 1), (2_000_000, 1), (3_000_000, 2), (4_000_000, 2),
            (30_000_000, 5), (30_000_000_000, 15), (UInt64.max, 27),
        ] as [(UInt64, Int)]
    )
    func `timeouts are rounded up to powers of two`(nanoseconds: UInt64, exponent: Int) {
        #expect(ReplicaLine.timeoutExponent(nanoseconds) == exponent)
    }
}
