public import EngineInterface
public import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Serves the shards of embeddings that Monolith exports, without TensorFlow: SavedModels whose graph makes hash tables, and
/// whose signatures do nothing but look up and assign. Graphs that make tables and do other things too have them from here.
public final class EmbeddingEngine: InferenceEngine {
    public let name = "embedding"
    let options: EmbeddingOptions
    private let cache: SnapshotCache
    private let journals: JournalSet
    private let hasUpkeep = Atomic<Bool>(false)
    /// Tables that were loaded, by the version's folder; those that are gone leave with the next.
    private let served = Mutex<[(path: String, tables: WeakTables)]>([])

    private struct WeakTables: Sendable {
        weak var set: TableSet?
    }

    /// Graphs of shards have some kilobytes for each table; a larger file is another model.
    private static let largestGraph = 64 << 20

    public init(options: EmbeddingOptions) {
        self.options = options
        cache = SnapshotCache(folder: options.cacheFolder)
        journals = JournalSet(cache, options)
    }

    /// Whether the version is a shard. Reads its graph: blocks.
    public func isShard(_ request: LoadRequest) -> Bool { Self.graph(request) != nil }

    /// Imports the dumps of the version's tables, where there is no snapshot of them yet, and serves these.
    ///
    /// - Throws: `INVALID_ARGUMENT` for a version that is no shard or contradicts itself; `NOT_FOUND` and
    ///   `FAILED_PRECONDITION` for dumps that are missing, in part or whole; `DATA_LOSS` for damaged ones, with file and record.
    public func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        guard let model = try loadIfShard(request) else {
            throw .invalidArgument("\(request.path) is no shard of embeddings: its graph makes no hash tables")
        }
        return model
    }

    /// - Returns: `nil` for what is no shard.
    /// - Throws: as `load`.
    public func loadIfShard(_ request: LoadRequest) throws(ServingError) -> (any LoadedModel)? {
        guard let graph = Self.graph(request) else { return nil }
        do throws(ServingError) {
            let groups = try graph.tableGroups(in: request.path, options.pathPrefixes)
            let bound = try graph.bindSignatures(to: groups)
            return EmbeddingShard(bound, tables: try load(groups, in: request.path))
        } catch {
            throw ServingError(error.code, "Shard \(request.path): \(error.message)")
        }
    }

    // MARK: - Upkeep

    /// Starts the thread that calls `runUpkeep` each second as long as the engine lives, once.
    private func startUpkeep() {
        guard !hasUpkeep.exchange(true, ordering: .relaxed) else { return }
        startThread(named: "embeddings") { [weak self] in
            while Self.runUpkeep(of: self) { sleep(1) }
        }
    }

    /// - Returns: whether there is an engine: the thread keeps none while it waits.
    private static func runUpkeep(of engine: EmbeddingEngine?) -> Bool {
        engine?.runUpkeep(now: UInt32(clamping: time(nil)))
        return engine != nil
    }

    /// Brings journals to the disk, compacts them and tables, removes rows whose time is over: all that is due.
    ///
    /// - Parameter now: in seconds since 1970.
    func runUpkeep(now: UInt32) {
        for journal in journals.all {
            journal.takeOver()
            if options.journalSync == .second { journal.syncAll() }
            journal.compactIfNeeded()
        }
        for set in served.withLock({ served in served.compactMap(\.tables.set) }) { set.runUpkeep(now: now) }
    }

    /// All tables that are served.
    public var servedTables: [ServedTable] {
        let sets = served.withLock { served in served.map { (path: $0.path, set: $0.tables.set) } }
        return sets.flatMap { path, set in
            set?.statistics.map { ServedTable(path: path, name: $0.name, statistics: $0.statistics) } ?? []
        }
    }

    private static func graph(_ request: LoadRequest) -> ShardGraph? {
        let path = "\(request.path)/saved_model.pb"
        // What is wrong with other files their own engine says.
        guard !request.path.contains("://"), let bytes = try? LocalFile.contents(of: path, limit: largestGraph),
            let graph = try? bytes.withUnsafeBytes({ try ShardGraph($0, tags: request.tags) })
        else { return nil }
        let names = graph.signatures.keys
        // With other signatures it is a whole model that has its tables in itself.
        guard names.allSatisfy(ShardAction.isKnown), !names.allSatisfy(ShardAction.isInternal) else { return nil }
        return graph
    }

    // MARK: - Tables

    /// Imports the dumps of tables, where there is no snapshot of them yet, and begins to serve them.
    ///
    /// - Parameter folder: of their version.
    func load(_ groups: [TableGroup], in folder: String) throws(ServingError) -> TableSet {
        let version = VersionFolder(folder)
        for group in groups {
            for table in group.tables where group.key(of: table).utf8.count > PushRecord.maximumNameBytes {
                throw .invalidArgument(
                    "the names of a table of \(group.sharedName.prefix(100)) are longer than \(PushRecord.maximumNameBytes) bytes"
                )
            }
        }
        var tables: [TableSet.Table] = []
        for group in groups { tables += try load(group, version: version.version) }
        let set = TableSet(tables, cache: cache, journal: try journals.journal(of: version.base))
        do throws(ServingError) {
            try set.joinJournal()
        } catch {
            set.close()
            throw error
        }
        served.withLock { served in
            served.removeAll { $0.tables.set == nil }
            served.append((folder, WeakTables(set: set)))
        }
        startUpkeep()
        return set
    }

    private func upkeep(of table: ShardTable, _ rows: EmbeddingTable) -> TableUpkeep {
        TableUpkeep(table.name, rows, table.configuration.eviction, cache, options)
    }

    private func load(_ group: TableGroup, version: String) throws(ServingError) -> [TableSet.Table] {
        guard let base = group.dump else {
            return try group.tables.map { (table) throws(ServingError) in
                let limits = TableLimits(maximumBytes: options.updateBytes)
                let rows = try EmbeddingTable(format: table.configuration.format, limits: limits)
                return TableSet.Table(
                    name: table.name,
                    key: group.key(of: table),
                    rows: rows,
                    erasesZeros: table.configuration.skipsZeros,
                    dumpTime: 0,
                    upkeep: upkeep(of: table, rows),
                    source: nil
                )
            }
        }
        let source = try GroupImport(group, base: base, cache, options)
        let dumpTime = source.dumpTime(version: version)
        return try source.run().map { (part) throws(ServingError) in
            // The marks of changed rows count, too.
            let (bytes, overflow) = options.updateBytes.addingReportingOverflow(
                part.snapshot.byteCount + part.snapshot.rowCount / 8
            )
            let limits = TableLimits(maximumBytes: overflow ? .max : bytes)
            let rows = try EmbeddingTable(part.snapshot, limits: limits)
            return TableSet.Table(
                name: part.table.name,
                key: group.key(of: part.table),
                rows: rows,
                erasesZeros: part.table.configuration.skipsZeros,
                dumpTime: dumpTime,
                upkeep: upkeep(of: part.table, rows),
                source: part.source
            )
        }
    }
}
