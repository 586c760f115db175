/// The highest rate at which a target met an objective.
public struct FoundRate: Sendable {
    public var target: Int
    /// `nil` when it met it at no rate that was tried.
    public var rate: Double?
}

extension LoadRunner {
    private static let estimateInFlight = 64
    private static let estimateTime: UInt64 = 1_000_000_000

    /// Looks for each target's highest rate within an objective; a probe takes the plan's duration. Targets take turns,
    /// probe by probe.
    ///
    /// - Returns: what each probe showed, in order, and the rates.
    public func search(_ objective: LatencyObjective) -> (probes: [LoadResult], found: [FoundRate]) {
        var searches = targets.indices.map { RateSearch(estimate: estimate($0) / 2) }
        var probes: [LoadResult] = []
        var isSearching = true
        var round = 0
        while isSearching, !board.isInterrupted {
            isSearching = false
            for target in targets.indices where !board.isInterrupted {
                guard let rate = searches[target].next else { continue }
                isSearching = true
                let before = batchSizes(of: target)
                let tally = slice(
                    target,
                    .open(rate: rate),
                    duration: plan.duration,
                    requests: plan.requests,
                    round: round
                )
                // One that was cut short says nothing.
                guard !board.isInterrupted else { break }
                searches[target].note(isMet: objective.isMet(by: tally))
                var probe = LoadResult(target: target, level: .open(rate: rate), tally: tally)
                if let before { probe.batches = batchSizes(of: target)?.since(before) }
                probes.append(probe)
            }
            round += 1
        }
        return (probes, targets.indices.map { FoundRate(target: $0, rate: searches[$0].best) })
    }

    /// Answers a second of a short closed loop.
    private func estimate(_ target: Int) -> Double {
        let level = LoadPlan.Level.closed(inFlight: Self.estimateInFlight)
        if plan.warmUp > 0 { _ = slice(target, level, duration: plan.warmUp, requests: .max, round: -1) }
        let tally = slice(target, level, duration: Self.estimateTime, requests: .max, round: -2)
        return LoadResult(target: target, level: level, tally: tally).answerRate
    }
}
