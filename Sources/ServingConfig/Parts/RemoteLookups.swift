extension ServerConfiguration {
    /// What graphs ask of models on other machines.
    public struct RemoteLookups: Sendable, Hashable {
        /// Text file with a line `route NAME ADDRESS [ADDRESS ...]` for each model that others serve, an absolute path; `nil`
        /// asks this server's models only.
        public var routesFile: String?
        /// Longest time of a call in milliseconds; 0 is no limit but that of the graph and of its caller.
        public var timeoutMilliseconds = 0
        /// A call that a replica cannot answer is made once more, of another one.
        public var retries = true
        /// Milliseconds without an answer after which another replica is asked as well; 0 never.
        public var hedgeMilliseconds = 0

        static let longestMilliseconds = 86_400_000

        public init() {}

        func report(_ report: (String) -> Void) {
            for (name, value) in [("timeout", timeoutMilliseconds), ("hedging delay", hedgeMilliseconds)]
            where !(0...Self.longestMilliseconds).contains(value) {
                report(
                    "The \(name) of remote lookups is \(value) ms; expected 0, which is none, to \(Self.longestMilliseconds)"
                )
            }
        }
    }
}
