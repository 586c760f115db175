extension ServerConfiguration {
    /// What the REST port tells of the server itself.
    public struct Monitoring: Sendable, Hashable {
        /// TensorFlow Serving's path, where its `prometheus_config` names no other.
        public static let defaultPath = "/monitoring/prometheus/metrics"
        /// Where the page is in addition to `/metrics`; `nil` when `prometheus_config` does not enable it.
        public var prometheusPath: String?
        /// Whether the REST port has a console for browsers at `/`.
        public var console = true

        public init() {}
    }
}
