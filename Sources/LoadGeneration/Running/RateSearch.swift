public import ServingPrimitives

/// What answers have to be: `p99<25ms`.
public struct LatencyObjective: Sendable, Equatable {
    /// Of all requests, errors included.
    public var share: Double
    public var nanoseconds: UInt64
    public var text: String

    /// - Parameter time: reads a time with a unit.
    /// - Throws: `INVALID_ARGUMENT` when the text is no objective.
    public init(_ text: String, time: (String) -> UInt64?) throws(ServingError) {
        let parts = text.filter { $0 != " " }.split(separator: "<", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].hasPrefix("p"), let percent = Double(parts[0].dropFirst()), percent > 0,
            percent < 100, let bound = time(String(parts[1])), bound > 0
        else { throw .invalidArgument("\"\(text)\" is no objective; expected one as p99<25ms") }
        share = percent / 100
        nanoseconds = bound
        self.text = "p\(TextTable.short(percent)) < \(TextTable.axisTime(Double(bound)))"
    }

    /// Whether as many requests as wanted, of all that were offered, had a good answer in time.
    func isMet(by tally: SliceTally) -> Bool {
        tally.offered > 0 && Double(tally.latency.count(upTo: nanoseconds)) >= share * Double(tally.offered)
    }
}

/// Looks for the highest rate that meets an objective: up by a factor until it fails, then between the best and the worst
/// by halves of their ratio. A rate fails only when it does so twice, as machines hiccup.
struct RateSearch {
    private static let growth = 1.5
    private static let precision = 1.03
    private static let probeLimit = 24
    /// A server that fails at such a part of what it was thought to do is not going to meet the objective.
    private static let lowestPart = 0.01
    /// One that meets it at so many times that much meets it at any rate.
    private static let highestMultiple = 100.0

    private(set) var best: Double?
    private var worst: Double?
    private var rate: Double
    private var hasFailedOnce = false
    private var probes = 0
    private let range: ClosedRange<Double>

    /// - Parameter estimate: where to begin.
    init(estimate: Double) {
        rate = max(1, estimate)
        range = max(1, estimate * Self.lowestPart)...max(1, estimate * Self.highestMultiple)
    }

    /// The rate to try; `nil` when the search is over.
    var next: Double? {
        guard probes < Self.probeLimit, range.contains(rate) else { return nil }
        if let best, let worst, worst / best <= Self.precision { return nil }
        return rate
    }

    mutating func note(isMet: Bool) {
        probes += 1
        if !isMet, !hasFailedOnce {
            hasFailedOnce = true
            return
        }
        hasFailedOnce = false
        if isMet { best = max(best ?? 0, rate) } else { worst = min(worst ?? .infinity, rate) }
        switch (best, worst) {
        case (let best?, let worst?): rate = (best * worst).squareRoot()
        case (let best?, nil): rate = best * Self.growth
        case (nil, let worst?): rate = worst / Self.growth / Self.growth
        case (nil, nil): break
        }
    }
}
