import ServingConfig
import ServingPrimitives
import Testing

@Suite struct LatencyObjectivesTests {
    @Test(
        arguments: [
            ("25ms", "any", 25_000_000), ("a=2s,25ms", "a", 2_000_000_000), ("a=2s,25ms", "b", 25_000_000),
            ("a=0.5ms", "a", 500_000), ("a=b=10us", "a=b", 10_000), ("a=1ms", "b", nil),
        ] as [(String, String, UInt64?)]
    )
    func `one time for a model, and one for the others`(text: String, model: String, nanoseconds: UInt64?) throws {
        #expect(try LatencyObjectives(text).objective(of: model) == nanoseconds)
    }

    @Test(arguments: [
        "", "25", "ms", "a=", "=1ms", "0ms", "0.0001us", "1e3ms", "-1ms", "1ms,", "1ms,2ms", "a=1ms,a=1ms", "nanms",
    ])
    func `what is no time is refused`(text: String) {
        #expect(throws: ServingError.self) { try LatencyObjectives(text) }
    }
}
