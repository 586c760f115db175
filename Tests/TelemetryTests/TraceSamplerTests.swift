import Testing

@testable import Telemetry

@Suite struct TraceSamplerTests {
    private let parent = TraceFields(parent: TraceParentTests.valid, state: "a=b")

    private func sampled(_ rate: Double, exports: Bool = true, of count: Int = 10_000) -> Int {
        var sampler = TraceSampler(rate: rate, exports: exports, seed: 1)
        return (0..<count).count { _ in sampler.trace(nil)?.isSampled == true }
    }

    @Test func `about as many requests are traced as asked for`() {
        #expect(sampled(0) == 0)
        #expect(sampled(1) == 10_000)
        #expect((50...200).contains(sampled(0.01)))
        #expect((4800...5200).contains(sampled(0.5)))
        #expect(sampled(1, exports: false) == 0)
    }

    @Test(arguments: [0.0, 1.0]) func `the caller decides where there is one`(rate: Double) throws {
        var sampler = TraceSampler(rate: rate, exports: true, seed: 1)
        let trace = sampler.trace(parent)
        let kept = try #require(trace)
        #expect(kept.isSampled && kept.state == "a=b" && kept.parentSpanID == 0xb7ad_6b71_6920_3331)
        #expect(kept.traceIDText == "0af7651916cd43dd8448eb211c80319c")
        #expect(kept.spanID != 0 && kept.spanID != kept.parentSpanID)
        let dropped = TraceFields(parent: "\(TraceParentTests.valid.dropLast())0")
        #expect(sampler.trace(dropped)?.isSampled == false)
    }

    @Test(arguments: [String(repeating: "x", count: 513), "a=\u{7}", "ä"])
    func `a state that is no state is left out`(state: String) {
        var sampler = TraceSampler(rate: 0, exports: true, seed: 1)
        #expect(sampler.trace(TraceFields(parent: TraceParentTests.valid, state: state))?.state == "")
    }

    @Test func `a state without a parent means nothing`() {
        var sampler = TraceSampler(rate: 0, exports: true, seed: 1)
        #expect(sampler.trace(TraceFields(state: "a=b")) == nil)
    }
}
