import Testing

@testable import EmbeddingScale

@Suite struct FanOutSimulationTests {
    private let latency = FanOutSimulation.Latency(median: 1, p99: 10)

    @Test func `one shard answers as it was said to`() {
        let outcome = FanOutSimulation(shards: 1, latency: latency).run(requests: 100_000, hedged: false, seed: 1)
        #expect(abs(outcome.median - 1) < 0.05)
        #expect(abs(outcome.p99 - 10) < 1)
        #expect(outcome.calls == 1)
    }

    @Test func `the slowest of many is slower, and what is rare for one is common for all`() {
        let outcome = FanOutSimulation(shards: 69, latency: latency).run(requests: 10_000, hedged: false, seed: 2)
        // Half of the requests have one of 69 answers that is later than 99 in 100.
        #expect(abs(outcome.median - 10) < 1)
    }

    @Test func `hedging costs one call in twenty and takes most of the tail`() {
        let simulation = FanOutSimulation(shards: 50, latency: latency)
        let plain = simulation.run(requests: 10_000, hedged: false, seed: 3)
        let hedged = simulation.run(requests: 10_000, hedged: true, seed: 3)
        #expect(abs(hedged.calls - 1.05) < 0.003)
        #expect(hedged.p99 < plain.p99 / 2 && hedged.p99 > simulation.hedgeDelay)
    }

    @Test func `a seed gives the same numbers, and another one others`() {
        let simulation = FanOutSimulation(shards: 5, latency: latency)
        let first = simulation.run(requests: 1_000, hedged: true, seed: 4)
        #expect(simulation.run(requests: 1_000, hedged: true, seed: 4) == first)
        #expect(simulation.run(requests: 1_000, hedged: true, seed: 5) != first)
    }

    @Test func `shards that always take the same time have no tail`() {
        let simulation = FanOutSimulation(shards: 10, latency: .init(median: 2, p99: 2))
        let outcome = simulation.run(requests: 100, hedged: true, seed: 6)
        #expect(outcome == .init(median: 2, p99: 2, calls: 1))
    }
}
