extension ServerConfiguration {
    /// When the files of a version count as complete, and where those of stores are kept.
    public struct Stores: Sendable, Hashable {
        /// A day: more than any copy takes.
        static let settleRange: ClosedRange<Int64> = 0...86_400_000

        /// How long a version's files must have been left alone before they are taken.
        public var settleMilliseconds: Int64 = 2_000
        public var checksums = Checksums.verify
        /// Folder for versions that are fetched from stores, an absolute path; `nil` is one of the user's own.
        public var cacheFolder: String?
        /// Bytes of that folder; 0 is what the disk has.
        public var cacheBytes: Int64 = 0
        /// Bytes of one version of a store, unpacked.
        public var versionBytes: Int64 = 1 << 40
        /// Transfers of one version side by side.
        public var fetchConnections = 8
        /// For how many seconds the listing of a store counts before it is asked again.
        public var listSeconds = 10

        public init() {}

        func report(_ report: (String) -> Void) {
            if !Self.settleRange.contains(settleMilliseconds) {
                report("The settle time is \(settleMilliseconds) ms; expected 0 to \(Self.settleRange.upperBound)")
            }
            if let cacheFolder, !cacheFolder.hasPrefix("/") {
                report("The store cache is \(cacheFolder); expected an absolute path")
            }
            if cacheBytes < 0 {
                report("The store cache may have \(cacheBytes) bytes; expected 0, which is what the disk has, or more")
            }
            if versionBytes < 1 { report("A fetched version may have \(versionBytes) bytes; expected 1 or more") }
            if !(1...64).contains(fetchConnections) {
                report("The number of fetch connections is \(fetchConnections); expected 1 to 64")
            }
            if !(1...86_400).contains(listSeconds) {
                report("Listings of stores count for \(listSeconds) seconds; expected 1 to 86400")
            }
        }
    }
}
