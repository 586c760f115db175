extension ServerConfiguration {
    /// Shards of embeddings.
    public struct Embedding: Sendable, Hashable {
        /// Where files lie here whose paths were written on another machine.
        public struct PathPrefix: Sendable, Hashable {
            public var foreign: String
            public var local: String

            public init(foreign: String, local: String) {
                self.foreign = foreign
                self.local = local
            }
        }

        /// When pushes go from the system's memory to the disk.
        public enum JournalSync: String, Sendable, Hashable, CaseIterable {
            /// Before they are answered.
            case always
            /// Once a second.
            case second
            /// When the system likes.
            case never
        }

        /// Folder for snapshots of imported dumps, an absolute path; `nil` is one of the user's own.
        public var cacheFolder: String?
        /// Of paths that exports hold.
        public var pathPrefixes: [PathPrefix] = []
        /// Bytes that pushed rows of each table may take beside those of its dump.
        public var updateBytes: Int64 = 1 << 30
        /// Bytes of the journal that keeps the pushes to a base path; 0 keeps none.
        public var journalBytes: Int64 = 1 << 30
        public var journalSync = JournalSync.always
        /// Copies tables into huge pages instead of mapping their files.
        public var usesHugePages = false

        public init() {}

        func report(_ report: (String) -> Void) {
            if let cacheFolder, !cacheFolder.hasPrefix("/") {
                report("The embedding cache is \(cacheFolder); expected an absolute path")
            }
            if updateBytes < 1 << 20 {
                report("Pushed rows of a table may have \(updateBytes) bytes; expected \(1 << 20) or more")
            }
            if journalBytes != 0, journalBytes < 1 << 20 {
                report("A journal of pushes may have \(journalBytes) bytes; expected 0 for none, or \(1 << 20) or more")
            }
            for prefix in pathPrefixes where prefix.foreign.isEmpty || !prefix.local.hasPrefix("/") {
                report(
                    "The embedding path prefix is \(prefix.foreign)=\(prefix.local); expected FOREIGN=LOCAL with a local folder "
                        + "that is an absolute path"
                )
            }
        }
    }
}
