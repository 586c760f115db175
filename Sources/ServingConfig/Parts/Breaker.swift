extension ServerConfiguration {
    /// When a version that keeps failing is left alone for a while.
    public struct Breaker: Sendable, Hashable {
        /// Failures of the engine in a row; 0 does not count them.
        public var consecutiveFailures = 0
        /// Share of the runs of ten seconds, of twenty at least, from 0 (not counted) to 1.
        public var failureShare = 0.0
        /// How long calls are refused before one is tried.
        public var restMilliseconds = 5000

        public init() {}
    }
}
