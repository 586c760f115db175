import Testing

@testable import LoadGeneration

struct ArrivalScheduleTests {
    private func all(_ schedule: ArrivalSchedule) -> [UInt64] {
        var schedule = schedule
        var times: [UInt64] = []
        while let time = schedule.next() { times.append(time) }
        return times
    }

    @Test func `Poisson arrivals come at their rate, with gaps that are exponential`() {
        let times = all(.poisson([.init(duration: 100, rate: 1000)], seed: 1))
        // The count of 100,000 has a standard deviation of 316.
        #expect(abs(times.count - 100_000) < 1600)
        let gaps = zip(times, times.dropFirst()).map { Double($1 - $0) / 1e9 }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        #expect(abs(variance.squareRoot() / mean - 1) < 0.03)
        #expect(times == times.sorted())
        #expect((times.last ?? 0) < 100_000_000_000)
    }

    @Test func `a seed decides everything`() {
        let stretches = [ArrivalSchedule.Stretch(duration: 1, rate: 500)]
        #expect(all(.poisson(stretches, seed: 4)) == all(.poisson(stretches, seed: 4)))
        #expect(all(.poisson(stretches, seed: 4)) != all(.poisson(stretches, seed: 5)))
    }

    @Test func `each stretch has its own rate`() {
        let times = all(
            .poisson(
                [.init(duration: 10, rate: 1000), .init(duration: 5, rate: 0), .init(duration: 10, rate: 3000)],
                seed: 2
            )
        )
        let counts = [0..<10, 10..<15, 15..<25].map { (range: Range<Int>) in
            times.count { range.contains(Int($0 / 1_000_000_000)) }
        }
        #expect(abs(counts[0] - 10_000) < 500)
        #expect(counts[1] == 0)
        #expect(abs(counts[2] - 30_000) < 900)
    }

    @Test func `recorded arrivals are what was recorded`() {
        #expect(all(.recorded([0, 5, 5, 9])) == [0, 5, 5, 9])
    }
}

struct RateSearchTests {
    @Test(arguments: [10.0, 777, 4_321, 90_000], [0.2, 0.5, 1, 3])
    func `the search ends near the capacity, wherever it begins`(capacity: Double, start: Double) throws {
        var search = RateSearch(estimate: capacity * start)
        var probes = 0
        while let rate = search.next {
            search.note(isMet: rate <= capacity)
            probes += 1
            try #require(probes < 100)
        }
        let best = try #require(search.best)
        #expect(best <= capacity)
        #expect(best >= capacity / 1.04)
    }

    @Test func `one hiccup fails no rate`() {
        var search = RateSearch(estimate: 100)
        search.note(isMet: false)
        #expect(search.next == 100)
        search.note(isMet: true)
        #expect(search.best == 100)
    }

    @Test func `a server that never meets the objective has no rate`() {
        var search = RateSearch(estimate: 1000)
        while search.next != nil { search.note(isMet: false) }
        #expect(search.best == nil)
    }

    @Test(
        arguments: [("p99<25ms", 0.99, 25_000_000), ("p99.9 < 1s", 0.999, 1_000_000_000)] as [(String, Double, UInt64)]
    )
    func `objectives are read`(text: String, share: Double, bound: UInt64) throws {
        let objective = try LatencyObjective(text) { ["25ms": 25_000_000, "1s": 1_000_000_000][$0] }
        #expect(abs(objective.share - share) < 1e-9)
        #expect(objective.nanoseconds == bound)
    }

    @Test(arguments: ["", "p99", "p99<", "99<25ms", "p100<25ms", "p0<25ms", "px<25ms", "p99<<25ms", "p99<soon"])
    func `what is no objective is refused`(text: String) {
        #expect(throws: (any Error).self) { try LatencyObjective(text) { $0 == "25ms" ? 25_000_000 : nil } }
    }

    @Test func `errors count against an objective`() throws {
        let objective = try LatencyObjective("p90<1ms") { _ in 1_000_000 }
        var tally = SliceTally()
        for _ in 0..<90 {
            tally.countOffered(at: 0)
            tally.latency.record(500_000)
        }
        #expect(objective.isMet(by: tally))
        for _ in 0..<10 { tally.countOffered(at: 0) }
        #expect(objective.isMet(by: tally))
        tally.countOffered(at: 0)
        #expect(!objective.isMet(by: tally))
    }
}
