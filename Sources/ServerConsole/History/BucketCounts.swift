import ServingMetrics

/// A histogram's counts at one moment, which can be added to others with the same bounds and compared with later ones.
struct BucketCounts: Sendable, Hashable {
    /// Upper bounds of all buckets but the last, which has none.
    var limits: [Double]
    var counts: [Int64]

    init(limits: [Double], counts: [Int64]) {
        precondition(counts.count == limits.count + 1, "every bucket has a count")
        self.limits = limits
        self.counts = counts
    }

    init(_ histogram: Histogram) { self.init(limits: histogram.bounds.limits, counts: histogram.counts) }

    var total: Int64 { counts.reduce(0, &+) }

    func adding(_ other: BucketCounts) -> BucketCounts {
        precondition(limits == other.limits, "histograms of one metric have the same bounds")
        return BucketCounts(limits: limits, counts: zip(counts, other.counts).map { $0 &+ $1 })
    }

    /// What was recorded since `earlier`, which may be missing.
    func since(_ earlier: BucketCounts?) -> BucketCounts {
        guard let earlier else { return self }
        var result = self
        // Cells of many threads are read one after the other: a count may seem to go back for a moment.
        for index in counts.indices { result.counts[index] = max(0, counts[index] &- earlier.counts[index]) }
        return result
    }

    /// The value that `share` of all are below; `nil` when there is none. What lies beyond the last bound counts as that.
    func quantile(_ share: Double) -> Double? {
        let total = Double(total)
        guard total > 0 else { return nil }
        let wanted = total * share
        var below = 0.0
        for (index, count) in counts.enumerated() where count > 0 {
            let upTo = below + Double(count)
            if upTo >= wanted {
                guard index < limits.count else { break }
                let lower = index == 0 ? 0 : limits[index - 1]
                return lower + (limits[index] - lower) * (wanted - below) / Double(count)
            }
            below = upTo
        }
        return limits.last
    }

    /// Of a histogram of microseconds.
    var percentiles: LatencyPercentiles? {
        guard let p50 = quantile(0.5), let p95 = quantile(0.95), let p99 = quantile(0.99) else { return nil }
        return LatencyPercentiles(p50: p50 / 1000, p95: p95 / 1000, p99: p99 / 1000)
    }
}
