/// What is noted of requests.
public struct TelemetryConfiguration: Sendable, Hashable {
    /// Requests that the flight recorder keeps, of all event loops together; 0 turns it off.
    public var flightRecorderSize = 1024
    /// Milliseconds from which on a request may be kept as slow; 0 leaves it to its neighbours.
    public var slowRequestMilliseconds = 0
    /// Counts requests by version, signature and so on, beside the metrics of TensorFlow Serving.
    public var countsRequests = true
    /// Share of the requests without a parent whose spans are exported, from 0 to 1.
    public var traceSampling = 0.01

    public init() {}

    /// Nothing but the metrics of TensorFlow Serving.
    public static var off: TelemetryConfiguration {
        var configuration = TelemetryConfiguration()
        configuration.flightRecorderSize = 0
        configuration.countsRequests = false
        configuration.traceSampling = 0
        return configuration
    }
}
