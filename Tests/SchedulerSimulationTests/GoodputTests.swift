import Batching
import SchedulerSimulation
import Testing

/// The scheduler without any parameter against a bare loop that runs the best batch size for each load.
///
/// Runs take 10 % more or less than the curve says; the objective is 25 ms.
@Suite struct GoodputTests {
    private static let curves: [(name: String, curve: SimulatedCurve, seconds: Double)] = [
        ("2 ms + 0.1 ms n", SimulatedCurve(fixed: 2e6, perRow: 1e5), 1.2),
        ("0.3 ms n", SimulatedCurve(fixed: 0, perRow: 3e5), 1.2),
        ("20 us + 1 us n", SimulatedCurve(fixed: 2e4, perRow: 1e3), 0.03),
    ]

    @Test(arguments: [0.5, 1, 1.5, 2, 3], [1, 2])
    func `at every load goodput is at least 95 % of the ceiling`(load: Double, threads: Int) {
        for (name, curve, seconds) in Self.curves {
            var study = LoadStudy(curve: curve, threads: threads)
            study.seconds = seconds / Double(threads)
            let point = study.point(load)
            #expect(point.ratio >= 0.95, "\(name)")
        }
    }

    @Test func `an unbounded first-in-first-out queue collapses where the scheduler does not`() {
        var study = LoadStudy(curve: SimulatedCurve(fixed: 2e6, perRow: 1e5))
        study.seconds = 1
        study.policy = .batchQueue(BatchLimits(maximumTaskSize: 128, maximumEnqueuedBatches: 100_000))
        #expect(study.point(1.5).ratio < 0.1)
    }

    @Test func `after a burst of 10 s at 3 x nothing is lost from 50 ms on`() throws {
        // Slow enough that ten seconds are few requests.
        let study = LoadStudy(curve: SimulatedCurve(fixed: 2e6, perRow: 1e6))
        let outcome = study.burst(LoadStudy.Burst(from: 1, seconds: 10, load: 3), base: 0.5)
        #expect(outcome.burstRatio >= 0.95)
        #expect(try #require(outcome.recovery) <= 50_000_000)
    }

    /// Where batches gain nothing, one row at a time on all threads is the best that can be done: M/D/c.
    @Test(arguments: [1, 2, 4])
    func `the tail at 70 % load is that of a queue that never forms batches`(threads: Int) {
        var study = LoadStudy(curve: SimulatedCurve(fixed: 0, perRow: 3e5), threads: threads, noise: 0)
        study.seconds = 4 / Double(threads)
        study.budgets = [nil]
        let point = study.point(0.7)
        let ideal = Self.idealTail(threads: threads, service: 300_000, rate: 0.7 * Double(threads) / 300_000)
        #expect(point.result.latency(0.99) <= 1.25 * ideal)
    }

    /// The 99th percentile of a first-come-first-served queue with fixed service.
    private static func idealTail(threads: Int, service: Double, rate: Double) -> Double {
        var random = RandomSource(seed: 99)
        let requests = PoissonArrivals(perSecond: rate * 1e9, budget: nil).requests(
            until: UInt64(4e13 / (rate * 1e9)),
            &random
        )
        var free = [Double](repeating: 0, count: threads)
        var latencies: [Double] = []
        for request in requests {
            let thread = free.indices.min { free[$0] < free[$1] } ?? 0
            free[thread] = max(free[thread], Double(request.arrival)) + service
            latencies.append(free[thread] - Double(request.arrival))
        }
        latencies.sort()
        return latencies[latencies.count * 99 / 100]
    }

    @Test func `mixed objectives are all served while there is room, and goodput holds when there is not`() {
        var study = LoadStudy(curve: SimulatedCurve(fixed: 2e6, perRow: 1e5))
        study.budgets = [10_000_000, 50_000_000, 200_000_000]
        study.seconds = 1.5
        let calm = study.point(0.5).result.total
        #expect(Double(calm.inTime.requests) >= 0.99 * Double(calm.offered.requests))
        // Nobody can form batches that take longer than the tightest objective without losing those that have it.
        let tight = LoopCeiling(curve: study.curve, threads: 1, objective: 25_000_000).capacity
        let busy = study.point(2).result
        #expect(busy.goodput >= 0.95 * tight)
    }

    @Test func `requests of different sizes keep goodput up`() {
        var study = LoadStudy(curve: SimulatedCurve(fixed: 2e6, perRow: 1e5))
        study.sizes = [1, 2, 5, 20]
        study.seconds = 2
        for load in [0.5, 1.5, 3] { #expect(study.point(load).ratio >= 0.93) }
    }

    @Test func `a model that asks for too much does not starve others`() {
        let curve = SimulatedCurve(fixed: 2e6, perRow: 1e5)
        var random = RandomSource(seed: 5)
        let busy = PoissonArrivals(perSecond: 30_000, budget: 25_000_000, model: 0).requests(
            until: 1_000_000_000,
            &random
        )
        let calm = PoissonArrivals(perSecond: 1500, budget: 25_000_000, model: 1).requests(
            until: 1_000_000_000,
            &random
        )
        let simulation = Simulation(models: [.init(curve: curve), .init(curve: curve)], threads: 1)
        let result = simulation.run((busy + calm).sorted { $0.arrival < $1.arrival })
        let other = result.models[1]
        #expect(Double(other.inTime.requests) >= 0.9 * Double(other.offered.requests))
        #expect(result.models[0].inTime.requests > 2000)
    }

    @Test func `every request is answered exactly once, and a seed gives the same numbers again`() {
        var study = LoadStudy(curve: SimulatedCurve(fixed: 1e6, perRow: 2e5), threads: 3)
        study.budgets = [5_000_000, nil, 40_000_000]
        study.seconds = 0.5
        let total = study.point(1.2).result.total
        let answered =
            total.inTime.requests + total.late.requests + total.dropped.requests + total.refused.requests
        #expect(answered == total.offered.requests && answered > 1000)
        #expect(study.point(1.2).result.total.inTime == total.inTime)
    }
}
