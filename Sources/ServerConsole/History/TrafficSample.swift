/// What came to one model, or to all of them, in one second.
public struct TrafficSample: Sendable, Hashable {
    /// Inference requests that were answered well, per second.
    public var succeeded = 0.0
    /// Requests that were answered with an error, per second.
    public var failed = 0.0
    /// Of the requests that succeeded; `nil` when there was none.
    public var latency: LatencyPercentiles?
    /// Requests that wait for a run at the end of the second.
    public var waiting = 0

    public init() {}

    /// Whether there is nothing to tell.
    var isIdle: Bool { succeeded == 0 && failed == 0 && waiting == 0 }
}

/// Estimates from a histogram, in milliseconds: as fine as its buckets, with values spread evenly inside of each.
public struct LatencyPercentiles: Sendable, Hashable {
    public var p50: Double
    public var p95: Double
    public var p99: Double
}
