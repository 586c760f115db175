extension ServerConfiguration {
    /// How much the request logs of models may take.
    public struct RequestLogFiles: Sendable, Hashable {
        /// Bytes after which a file is followed by another.
        public var maximumByteCount = 64 << 20
        /// Seconds after which a file is followed by another.
        public var maximumSeconds = 3600
        /// Files kept of each log, the oldest are deleted; 0 keeps all.
        public var maximumCount = 16
        /// Bytes of records that may wait for the disk, of all models together: what comes beyond is not logged.
        public var maximumWaitingByteCount = 32 << 20

        public init() {}
    }
}

extension ServerConfiguration.RequestLogFiles {
    func report(_ report: (String) -> Void) {
        let megabytes = 1...(1 << 20)
        for (what, count) in [("file", maximumByteCount), ("buffer", maximumWaitingByteCount)]
        where !megabytes.contains(count >> 20) {
            report("The megabytes of a request log \(what) are \(count >> 20); expected a number from 1 to 1048576")
        }
        if !(1...Int(Int32.max)).contains(maximumSeconds) {
            report("The seconds of a request log file are \(maximumSeconds); expected 1 or more")
        }
        if !(0...100_000).contains(maximumCount) {
            report("The number of request log files is \(maximumCount); expected a number from 0 to 100000")
        }
    }
}
