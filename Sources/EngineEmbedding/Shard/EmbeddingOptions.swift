/// Where shards find their dumps, where their snapshots lie, and what they may take.
public struct EmbeddingOptions: Sendable {
    /// Folder for snapshots of imported dumps; an absolute path. May be removed when no server runs.
    public var cacheFolder: String
    public var pathPrefixes: [PathPrefix]
    /// Bytes that pushed rows of each table may take beside its snapshot.
    public var updateBytes: Int
    /// Bytes of the journal of the pushes to each base path; 0 for none: then pushes end with the version they came to.
    public var journalBytes: Int
    public var journalSync: JournalSync
    public var placement: Snapshot.Placement
    /// Threads of an import.
    public var threads: Int
    /// Takes what an operator should know: a table that a dump does not have, how long an import took.
    public var log: @Sendable (String) -> Void

    public init(
        cacheFolder: String,
        pathPrefixes: [PathPrefix] = [],
        updateBytes: Int = 1 << 30,
        journalBytes: Int = 0,
        journalSync: JournalSync = .always,
        placement: Snapshot.Placement = .mapped,
        threads: Int = 1,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.cacheFolder = cacheFolder
        self.pathPrefixes = pathPrefixes
        self.updateBytes = updateBytes
        self.journalBytes = journalBytes
        self.journalSync = journalSync
        self.placement = placement
        self.threads = threads
        self.log = log
    }
}
