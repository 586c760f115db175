import Batching

/// Simulations at several loads, of one model.
public struct LoadStudy: Sendable {
    public var curve: SimulatedCurve
    public var threads: Int
    public var noise: Double
    public var policy = Simulation.Policy.adaptive
    /// Nanoseconds from arrival to answer that are still good; requests have them in equal shares.
    public var budgets: [UInt64?] = [25_000_000]
    public var sizes = [1]
    /// What is counted of each load; a quarter more comes before, for the scheduler to learn.
    public var seconds = 4.0
    public var seed: UInt64 = 1

    public init(curve: SimulatedCurve, threads: Int = 1, noise: Double = 0.1) {
        self.curve = curve
        self.threads = threads
        self.noise = noise
    }

    /// What came of one load.
    public struct Point: Sendable {
        /// In multiples of the capacity.
        public var load: Double
        public var result: SimulationResult
        /// Rows a second that a bare loop would have answered in time.
        public var ceiling: Double

        public var ratio: Double { ceiling == 0 ? 1 : result.goodput / ceiling }
    }

    /// A load for a while, and another one before and after.
    public struct Burst: Sendable, Hashable {
        /// Seconds from the start, which is not counted.
        public var from: Double
        public var seconds: Double
        public var load: Double

        public init(from: Double, seconds: Double, load: Double) {
            self.from = from
            self.seconds = seconds
            self.load = load
        }
    }

    /// What came of a burst.
    public struct BurstOutcome: Sendable {
        public var burst: Burst
        /// Nanoseconds of each window.
        public var window: UInt64
        public var result: SimulationResult
        /// From the burst's end to the first request after which no window has a loss; `nil` when that did not happen.
        public var recovery: UInt64?
        /// The same for requests in time during the burst: their share of the ceiling then.
        public var burstRatio: Double
    }

    /// The objective that sets the ceiling: the mean one when there are several; `nil` without one.
    var objective: Double? {
        let known = budgets.compactMap { $0 }.map { Double($0) }
        return known.count == budgets.count ? known.reduce(0, +) / Double(known.count) : nil
    }

    var ceiling: LoopCeiling { LoopCeiling(curve: curve, threads: threads, objective: objective) }

    /// Rows a second that are load 1.
    public var capacity: Double { ceiling.capacity }

    private var meanSize: Double { Double(sizes.reduce(0, +)) / Double(sizes.count) }

    private var simulation: Simulation {
        Simulation(models: [.init(curve: curve)], threads: threads, policy: policy, noise: noise, seed: seed)
    }

    private func requests(_ rates: [(from: UInt64, perSecond: Double)], until end: UInt64) -> [SimulatedRequest] {
        var random = RandomSource(seed: seed)
        return PoissonArrivals(rates: rates, budgets: budgets, sizes: sizes).requests(until: end, &random)
    }

    /// One load.
    public func point(_ load: Double) -> Point {
        let end = seconds * 1.25e9
        var simulation = simulation
        simulation.warmUp = UInt64(end / 5)
        let rate = load * capacity / meanSize
        let result = simulation.run(requests([(0, rate)], until: UInt64(end)))
        return Point(load: load, result: result, ceiling: ceiling.rows(offered: result.offeredPerSecond))
    }

    /// Several loads, as many at once as there are cores.
    public func sweep(_ loads: [Double]) async -> [Point] {
        await withTaskGroup(of: (Int, Point).self) { group in
            for (index, load) in loads.enumerated() { group.addTask { (index, point(load)) } }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// A burst in a load of `base` times the capacity.
    public func burst(_ burst: Burst, base: Double) -> BurstOutcome {
        let start = UInt64(burst.from * 1e9)
        let end = start + UInt64(burst.seconds * 1e9)
        var simulation = simulation
        simulation.warmUp = start / 2
        simulation.window = 10_000_000
        let rate = capacity / meanSize
        let requests = requests([(0, base * rate), (start, burst.load * rate), (end, base * rate)], until: end + start)
        let result = simulation.run(requests)
        return BurstOutcome(
            burst: burst,
            window: simulation.window,
            result: result,
            recovery: recovery(result, endOfBurst: end - simulation.warmUp, simulation.window),
            burstRatio: burstRatio(
                result,
                (start - simulation.warmUp)..<(end - simulation.warmUp),
                burst,
                simulation.window
            )
        )
    }

    private func recovery(_ result: SimulationResult, endOfBurst: UInt64, _ window: UInt64) -> UInt64? {
        let first = Int(endOfBurst / window)
        let offered = result.offeredByWindow
        var last = offered.count
        while last > first, last - 1 < result.inTimeByWindow.count, result.inTimeByWindow[last - 1] == offered[last - 1]
        {
            last -= 1
        }
        return last == offered.count ? nil : UInt64(last - first) * window
    }

    private func burstRatio(
        _ result: SimulationResult,
        _ span: Range<UInt64>,
        _ burst: Burst,
        _ window: UInt64
    ) -> Double {
        let windows = Int(span.lowerBound / window)..<Int(span.upperBound / window)
        let inTime = windows.reduce(0) { $0 + ($1 < result.inTimeByWindow.count ? result.inTimeByWindow[$1] : 0) }
        return Double(inTime) * meanSize / burst.seconds / ceiling.rows(offered: burst.load * capacity)
    }

    /// Recorded requests, of as many models as they name.
    public func replay(_ requests: [SimulatedRequest]) -> SimulationResult {
        var simulation = simulation
        let models = (requests.map(\.model).max() ?? 0) + 1
        simulation.models = Array(repeating: .init(curve: curve), count: models)
        return simulation.run(requests)
    }
}
