import EmbeddingDump
import EngineInterface
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Brings the dump of a group of tables into snapshots, where the cache does not have them yet.
struct GroupImport {
    struct Part {
        var table: ShardTable
        /// Of the dump's files and the table's configuration.
        var source: SHA256Digest
        var snapshot: Snapshot
    }

    private let group: TableGroup
    private let dump: DumpFiles
    private let cache: SnapshotCache
    private let options: EmbeddingOptions

    /// - Parameter base: what the names of the dump's files begin with.
    /// - Throws: which file is missing.
    init(
        _ group: TableGroup,
        base: String,
        _ cache: SnapshotCache,
        _ options: EmbeddingOptions
    ) throws(ServingError) {
        self.group = group
        self.cache = cache
        self.options = options
        dump = try Self.find(base, group)
    }

    private static func find(_ base: String, _ group: TableGroup) throws(ServingError) -> DumpFiles {
        let dumps: [DumpFiles]
        do throws(ServingError) {
            dumps = try DumpCatalog(at: base).complete()
        } catch {
            throw ServingError(error.code, "the dump of \(group.sharedName): \(error.message)")
        }
        let expected: DumpFiles.Layout = group.kind == .multi ? .multi : .plain
        guard dumps.count == 1, dumps[0].base == base else {
            throw .notFound(
                "the dump of \(group.sharedName): \(base) is a folder; expected files \(base)-00000-of-00001"
            )
        }
        guard dumps[0].layout == expected else {
            throw .failedPrecondition(
                "the dump of \(group.sharedName), \(base), is one of "
                    + (expected == .multi
                        ? "one table (it has no metadata); expected several" : "several tables; expected one")
            )
        }
        return dumps[0]
    }

    /// - Returns: the tables in their order.
    /// - Throws: what is wrong with the dump, with file and record.
    func run() throws(ServingError) -> [Part] {
        let files = try fileStamps()
        let sources = group.tables.map { source(of: $0, files) }
        var snapshots = zip(group.tables, sources).map { table, source in
            cache.open(source, placement: options.placement, format: table.configuration.format)
        }
        let missing = snapshots.indices.filter { snapshots[$0] == nil }
        if !missing.isEmpty {
            try importTables(missing, sources)
            for index in missing {
                snapshots[index] = try Snapshot(path: cache.path(sources[index]), placement: options.placement)
            }
        }
        var parts: [Part] = []
        for (index, snapshot) in snapshots.enumerated() {
            guard let snapshot else { continue }
            parts.append(Part(table: group.tables[index], source: sources[index], snapshot: snapshot))
        }
        return parts
    }

    // MARK: - What a snapshot is made from

    /// Path, size and time of the last change of each file.
    private func fileStamps() throws(ServingError) -> String {
        var text = ""
        for shard in 0..<dump.shardCount {
            text += try stamp(dump.dataPath(shard))
            if dump.layout == .multi { text += try stamp(dump.metadataPath(shard)) }
        }
        return text
    }

    /// When the rows of the dump were read from training's tables, as well as anybody can tell: the oldest of its files was
    /// written then, and exporters number versions by the time. The earlier of the two.
    ///
    /// - Returns: seconds since 1970.
    func dumpTime(version: String) -> UInt32 {
        var time = UInt32.max
        for shard in 0..<dump.shardCount {
            var status = stat()
            guard stat(dump.dataPath(shard), &status) == 0 else { continue }
            time = min(time, UInt32(clamping: status.st_mtim.tv_sec))
        }
        // From 2001 on; smaller numbers are counted ones.
        if let number = UInt32(version), number >= 1_000_000_000 { time = min(time, number) }
        return time
    }

    private func stamp(_ path: String) throws(ServingError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .ofSystem(path, errno == ENOENT ? .notFound : .unavailable) }
        let time = status.st_mtim
        return "\(path)\n\(status.st_size) \(time.tv_sec).\(time.tv_nsec)\n"
    }

    private func source(of table: ShardTable, _ files: String) -> SHA256Digest {
        let configuration = table.configuration
        let segments = configuration.format.segments.map { "\($0.dimension) \($0.compression)" }
            .joined(separator: "\n")
        let text = "1\n\(table.name)\n\(segments)\n\(configuration.skipsZeros)\n\(files)"
        return SHA256Digest(of: Array(text.utf8))
    }

    // MARK: - Reading

    /// The table's name in the dump: a plain one is named by its files.
    private func dumpedName(_ table: ShardTable) -> String { group.kind == .multi ? table.name : dump.name }

    private func importTables(_ numbers: [Int], _ sources: [SHA256Digest]) throws(ServingError) {
        try cache.prepare()
        let start = MonotonicTime.now()
        let byName = Dictionary(uniqueKeysWithValues: numbers.map { (dumpedName(group.tables[$0]), $0) })
        let source = try DumpImport(
            [dump],
            widths: byName.mapValues { group.tables[$0].configuration.format.dimension },
            selecting: { byName[$0] != nil }
        )
        // By the table's number in the import; those that the dump does not have come last.
        let found = source.tables.compactMap { byName[$0.name] }
        let lost = numbers.filter { !found.contains($0) }
        for number in lost {
            options.log("The dump \(dump.base) has no table \(group.tables[number].name): it is served without rows")
        }
        let tables = (found + lost).map { group.tables[$0] }
        let builders = BuilderSet(tables, threads: max(options.threads, 1))
        let progress = ImportProgress()
        try source.run(threads: builders.threads, progress: progress) { (batch) throws(ServingError) in
            try builders.add(batch)
        }
        for (index, number) in (found + lost).enumerated() {
            try builders.write(index, to: cache.path(sources[number]), source: sources[number])
        }
        cache.clean()
        let seconds = Double(MonotonicTime.now().nanoseconds(since: start)) / 1e9
        options.log("\(progress.entryCount) rows of \(dump.base) were imported in \((seconds * 100).rounded() / 100) s")
    }
}

/// A builder of each table for each thread of an import.
private final class BuilderSet: @unchecked Sendable {
    // Sendable: each thread uses its own builders, and the writing comes when all threads have ended.
    private let builders: [[SnapshotBuilder]]
    private let skipsZeros: [Bool]

    /// - Parameter tables: in the order of the import.
    init(_ tables: [ShardTable], threads: Int) {
        let seeds = tables.map { _ in UInt64.random(in: 0...UInt64.max) }
        builders = (0..<threads).map { _ in
            zip(tables, seeds).map { SnapshotBuilder(format: $0.configuration.format, seed: $1) }
        }
        skipsZeros = tables.map(\.configuration.skipsZeros)
    }

    var threads: Int { builders.count }

    func add(_ batch: EntryBatch) throws(ServingError) {
        let builder = builders[batch.worker][batch.table]
        let skipsZeros = skipsZeros[batch.table]
        for index in 0..<batch.count {
            let row = batch.row(index)
            if skipsZeros, ZeroRow.isZero(row) { continue }
            try builder.add(
                id: batch.ids[index],
                numbers: row,
                timestamp: UInt32(clamping: batch.updateTimes[index])
            )
        }
    }

    func write(_ table: Int, to path: String, source: SHA256Digest) throws(ServingError) {
        try builders[0][table].write(
            to: path,
            with: builders.dropFirst().map { $0[table] },
            fingerprint: Array(source.description.utf8)
        )
    }
}
