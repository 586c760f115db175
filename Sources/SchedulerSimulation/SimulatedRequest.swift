/// A request of a simulation.
public struct SimulatedRequest: Sendable, Hashable {
    /// Nanoseconds after the start.
    public var arrival: UInt64
    public var rows: Int
    /// Nanoseconds from its arrival; `nil` waits forever.
    public var budget: UInt64?
    public var priority: Int
    public var tenant: Int
    /// Which of the simulation's models.
    public var model: Int

    public init(arrival: UInt64, rows: Int = 1, budget: UInt64?, priority: Int = 0, tenant: Int = 0, model: Int = 0) {
        self.arrival = arrival
        self.rows = rows
        self.budget = budget
        self.priority = priority
        self.tenant = tenant
        self.model = model
    }
}

/// Requests that come independently of each other, at a rate that may change.
public struct PoissonArrivals: Sendable {
    /// From when on how many come a second: nanoseconds after the start, rising from 0.
    public var rates: [(from: UInt64, perSecond: Double)]
    /// Each request has one of these objectives, all alike likely; `nil` is none.
    public var budgets: [UInt64?]
    /// Rows of a request: one of these, all alike likely.
    public var sizes: [Int]
    public var model: Int

    public init(
        rates: [(from: UInt64, perSecond: Double)],
        budgets: [UInt64?] = [nil],
        sizes: [Int] = [1],
        model: Int = 0
    ) {
        self.rates = rates
        self.budgets = budgets
        self.sizes = sizes
        self.model = model
    }

    public init(perSecond rate: Double, budget: UInt64?, model: Int = 0) {
        self.init(rates: [(0, rate)], budgets: [budget], model: model)
    }

    /// All that come before `end`.
    public func requests(until end: UInt64, _ random: inout RandomSource) -> [SimulatedRequest] {
        var result: [SimulatedRequest] = []
        for (index, phase) in rates.enumerated() {
            let phaseEnd = min(end, index + 1 < rates.count ? rates[index + 1].from : end)
            guard phase.perSecond > 0 else { continue }
            // What is left of a wait does not depend on the past: each phase begins anew.
            var time = Double(phase.from)
            while true {
                time += random.exponential() * 1e9 / phase.perSecond
                guard time < Double(phaseEnd) else { break }
                result.append(
                    SimulatedRequest(
                        arrival: UInt64(time),
                        rows: sizes.count == 1 ? sizes[0] : sizes[Int(random.next() % UInt64(sizes.count))],
                        budget: budgets.count == 1 ? budgets[0] : budgets[Int(random.next() % UInt64(budgets.count))],
                        model: model
                    )
                )
            }
        }
        return result
    }
}
