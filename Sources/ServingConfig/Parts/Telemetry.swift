import ServingPrimitives

extension ServerConfiguration {
    /// What is told of requests, and where. None of it is TensorFlow Serving's.
    public struct Telemetry: Sendable, Hashable {
        /// How the server's own log is written.
        public enum LogFormat: String, Sendable, Hashable, CaseIterable {
            case text
            case json
        }

        public var logFormat = LogFormat.text
        /// File for a line of JSON for each request; `-` is standard output, `nil` is none.
        public var accessLog: String?
        /// URL of an OpenTelemetry collector that takes OTLP over HTTP; `nil` exports no spans.
        public var traceEndpoint: String?
        /// Share of the requests whose caller does not decide that are traced, from 0 to 1.
        public var traceSampling: Float = 0.01
        /// Requests that the flight recorder keeps; 0 turns it off.
        public var flightRecorderSize = 1024
        /// Milliseconds from which on a request may be kept as slow; 0 leaves it to its neighbours.
        public var slowRequestMilliseconds = 0
        /// Counts requests by version, signature and so on, beside the metrics of TensorFlow Serving.
        public var countsRequests = true

        public init() {}
    }
}

extension ServerConfiguration.Telemetry {
    /// The recorder's records have some 300 bytes each.
    public static let largestFlightRecorder = 1_000_000

    func problems() -> [ServingError] {
        var problems: [ServingError] = []
        if !(0...1).contains(traceSampling) {
            problems.append(.invalidArgument("trace_sampling is \(traceSampling); expected a share from 0 to 1"))
        }
        if !(0...Self.largestFlightRecorder).contains(flightRecorderSize) {
            problems.append(
                .invalidArgument(
                    "flight_recorder_size is \(flightRecorderSize); expected a number from 0 to "
                        + "\(Self.largestFlightRecorder)"
                )
            )
        }
        if slowRequestMilliseconds < 0 {
            problems.append(
                .invalidArgument("slow_request_ms is \(slowRequestMilliseconds); expected 0 or more milliseconds")
            )
        }
        if let accessLog, accessLog.isEmpty || accessLog.utf8.contains(0) {
            problems.append(
                .invalidArgument("access_log is no path; expected the path of a file, or - for standard output")
            )
        }
        return problems
    }
}
