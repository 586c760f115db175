public import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes the entries of dumps anew: in another layout, another number of shards, without what only training needs.
///
/// Entries go through files, not through memory: the disk needs room for the new dump twice while one of several tables is
/// written.
public struct DumpConversion: Sendable {
    public var layout: DumpFiles.Layout
    public var shardCount: Int
    /// Without, entries have no optimizer state: about half as long, and nobody can go on training with them.
    public var keepsOptimizer: Bool
    /// Whether values are written packed; `nil` leaves them as they are.
    public var isPacked: Bool?

    public static let maximumShardCount = 256

    public init(
        layout: DumpFiles.Layout,
        shardCount: Int = 1,
        keepsOptimizer: Bool = true,
        isPacked: Bool? = nil
    ) {
        self.layout = layout
        self.shardCount = shardCount
        self.keepsOptimizer = keepsOptimizer
        self.isPacked = isPacked
    }

    /// Blocks until all is written.
    ///
    /// - Parameters:
    ///   - source: not run yet.
    ///   - target: what the files' names begin with, with their folder; for plain dumps the folder, as each has its table's
    ///     name. Folders are made.
    /// - Returns: what was written.
    /// - Throws: `ALREADY_EXISTS` when there is a dump of that name; what is wrong with the source, or with the disk. Nothing
    ///   is left of files that are not whole.
    public func run(
        _ source: DumpImport,
        to target: String,
        threads: Int,
        progress: ImportProgress = ImportProgress()
    ) throws(ServingError) -> [DumpFiles] {
        guard (1...Self.maximumShardCount).contains(shardCount) else {
            throw .invalidArgument("\(shardCount) shards; expected 1 to \(Self.maximumShardCount)")
        }
        let dumps = try targets(of: source, target)
        var spools: [EntrySpool] = []
        do throws(ServingError) {
            for table in source.tables.indices {
                let dump = dumps[layout == .plain ? table : 0]
                for shard in 0..<shardCount { spools.append(try EntrySpool(dump.temporaryPath(dump.fileName(shard)))) }
            }
            let sorting = EntrySorting(self, spools)
            try source.run(threads: threads, progress: progress) { (batch) throws(ServingError) in
                try sorting.take(batch)
            }
            switch layout {
            case .plain:
                for (index, spool) in spools.enumerated() {
                    try spool.finish(as: dumps[index / shardCount].dataPath(index % shardCount))
                }
            case .multi: try join(spools, source.tables.map(\.name), into: dumps[0], threads: threads)
            }
        } catch {
            for spool in spools { spool.discard() }
            throw error
        }
        return dumps
    }

    // MARK: Names

    private func targets(of source: DumpImport, _ target: String) throws(ServingError) -> [DumpFiles] {
        var dumps: [DumpFiles] = []
        switch layout {
        case .multi: dumps.append(try DumpFiles(base: target, layout: .multi, shardCount: shardCount))
        case .plain:
            for table in source.tables {
                // As training names the files of a table.
                let name = String(table.name.map { $0 == ":" || $0 == "/" ? "-" : $0 })
                dumps.append(try DumpFiles(base: "\(target)/\(name)", layout: .plain, shardCount: shardCount))
            }
        }
        var bases: Set<String> = []
        for dump in dumps {
            guard bases.insert(dump.base).inserted else {
                throw .invalidArgument("two tables would be written to \(dump.base)")
            }
            try Self.makeFolder(dump.folder)
            let names = LocalFolder.names(in: dump.folder.isEmpty ? "." : dump.folder) ?? []
            if let file = names.first(where: { DumpFileName($0)?.base == dump.name }) {
                throw ServingError(.alreadyExists, "\(dump.folder)\(file) is there already; no dump is written over")
            }
        }
        return dumps
    }

    private static func makeFolder(_ folder: String) throws(ServingError) {
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
            path += "\(part)/"
            guard !part.isEmpty, mkdir(path, 0o755) != 0, errno != EEXIST else { continue }
            // What is missing in the end is told by whoever makes a file there.
            guard errno == EACCES || errno == EROFS || errno == EPERM else { throw DumpFile.systemError(path, errno) }
        }
    }

    // MARK: One file of several tables

    private func join(
        _ spools: [EntrySpool],
        _ tables: [String],
        into dump: DumpFiles,
        threads: Int
    ) throws(ServingError) {
        let next = Atomic<Int>(0)
        let failure = Mutex<ServingError?>(nil)
        let work: @Sendable () -> Void = { [self] in
            while failure.withLock({ $0 == nil }) {
                let shard = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard shard < shardCount else { return }
                do throws(ServingError) {
                    try join(spools, tables, into: dump, shard)
                } catch {
                    failure.withLock { if $0 == nil { $0 = error } }
                }
            }
        }
        let others = ThreadGroup()
        for _ in 1..<max(2, min(threads, shardCount)) where threads > 1 && shardCount > 1 {
            guard others.start(named: "dump-join", work) else { break }
        }
        work()
        others.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    private func join(
        _ spools: [EntrySpool],
        _ tables: [String],
        into dump: DumpFiles,
        _ shard: Int
    ) throws(ServingError) {
        let writer = try DumpShardWriter(dump, shard: shard)
        let chunk = RecordChunk()
        for (table, name) in tables.enumerated() {
            try writer.begin(table: name)
            let path = dump.temporaryPath(dump.fileName(shard))
            try spools[table * shardCount + shard].finish(as: path)
            defer { unlink(path) }
            var reader = RecordChunkReader(try DumpFile(path), name: path)
            while try reader.next(into: chunk) {
                for record in 0..<chunk.count {
                    guard chunk.isIntact(record) else {
                        throw ServingError(
                            .dataLoss,
                            "\(path), \(chunk.title(record)): the disk gives other data than was written"
                        )
                    }
                    try writer.append(record: chunk.data(record))
                }
            }
        }
        try writer.finish()
    }
}
