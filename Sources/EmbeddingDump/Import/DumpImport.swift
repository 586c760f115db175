public import ServingPrimitives

/// Reads all entries of dumps, on several threads.
///
/// Every thread begins files of its own as long as there are any, and then helps with those that others have begun, so that
/// one large file is read by all: whoever has its turn takes the next quarter of a megabyte of records, and checks and
/// decodes them while the next one reads. So never more than that times the number of threads is in memory, plus what a
/// record or a block of a compressed file takes that is larger.
public struct DumpImport: Sendable {
    public struct Table: Sendable, Hashable {
        public let name: String
        /// How many entries the metadata counts; `nil` for a dump without it.
        public let entryCount: UInt64?
    }

    /// By the order of their names' bytes, which is that of the tables in a dump of several.
    public let tables: [Table]
    /// Tables that were not selected.
    public let skippedTables: [String]
    /// Of all files of entries that are read.
    public let byteCount: UInt64
    private let shards: [ShardReader]
    private let widths: TableWidths

    /// Reads what says which tables there are; entries are not read yet.
    ///
    /// - Parameters:
    ///   - dumps: tables of the same name in several of them are one.
    ///   - widths: how many values the rows of tables must have, by name; those of others must only agree.
    ///   - isSelected: false for tables whose entries are stepped over, unchecked.
    /// - Throws: what is missing or damaged, with its file.
    public init(
        _ dumps: [DumpFiles],
        widths: [String: Int] = [:],
        selecting isSelected: (String) -> Bool = { _ in true }
    ) throws(ServingError) {
        var metadata: [[[TableMetadata]]] = []
        var counts: [String: UInt64] = [:]
        for dump in dumps {
            let shards = try Self.metadata(of: dump)
            metadata.append(shards)
            if dump.layout == .plain { counts[dump.name, default: 0] += 0 }
            for table in shards.joined() {
                let (sum, overflow) = counts[table.name, default: 0].addingReportingOverflow(table.entryCount)
                guard !overflow else {
                    throw .invalidArgument(
                        "\(dump.base): table \(table.name) has more than 2^64 entries by its metadata"
                    )
                }
                counts[table.name] = sum
            }
        }
        // Only the metadata counts; what a plain dump adds to a table is seen when it is read.
        let uncounted = Set(dumps.filter { $0.layout == .plain }.map(\.name))
        let allNames = counts.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let names = allNames.filter(isSelected)
        skippedTables = allNames.filter { !names.contains($0) }
        let indices = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        tables = names.map { Table(name: $0, entryCount: uncounted.contains($0) ? nil : counts[$0]) }
        self.widths = TableWidths(names.map { widths[$0] })
        var readers: [ShardReader] = []
        for (dump, shards) in zip(dumps, metadata) where dump.layout == .multi || indices[dump.name] != nil {
            for shard in 0..<dump.shardCount {
                readers.append(try Self.reader(of: dump, shard, shards, indices))
            }
        }
        // The largest first, so that none is left alone at the end.
        shards = readers.sorted { $0.byteCount > $1.byteCount }
        byteCount = readers.reduce(0) { $0 &+ $1.byteCount }
    }

    /// Hands all entries over; may be called once. Blocks until all is done.
    ///
    /// - Parameters:
    ///   - threads: that read, the calling one among them.
    ///   - take: called by all of them at the same time. What it throws ends the import.
    /// - Throws: the first fault: `DATA_LOSS` for damaged files, `INVALID_ARGUMENT` for records that are no entries and for
    ///   widths that disagree, with file and record; `CANCELLED` when the progress was told so.
    public func run(
        threads: Int,
        progress: ImportProgress = ImportProgress(),
        _ take: @escaping @Sendable (EntryBatch) throws(ServingError) -> Void
    ) throws(ServingError) {
        let run = ImportRun(
            shards: shards,
            tables: tables,
            widths: widths,
            progress: progress,
            take: take
        )
        try run.run(threads: threads)
    }

    /// How many values the rows of a table have; known when one was read, or when it was asked for.
    public func width(of table: Int) -> Int? { widths.width(of: table) }
}

extension DumpImport {
    /// More tables than anybody has.
    private static let maximumTableCount = 1 << 16

    /// What each shard's metadata says.
    private static func metadata(of dump: DumpFiles) throws(ServingError) -> [[TableMetadata]] {
        guard dump.layout == .multi else { return [] }
        var shards: [[TableMetadata]] = []
        for shard in 0..<dump.shardCount { shards.append(try metadata(at: dump.metadataPath(shard))) }
        return shards
    }

    private static func metadata(at path: String) throws(ServingError) -> [TableMetadata] {
        var reader = RecordChunkReader(try DumpFile(path), name: path)
        let chunk = RecordChunk()
        var tables: [TableMetadata] = []
        var names: Set<String> = []
        while try reader.next(into: chunk) {
            for record in 0..<chunk.count {
                guard chunk.isIntact(record) else {
                    throw ServingError(
                        .dataLoss,
                        "\(path), \(chunk.title(record)): the checksum of its data does not fit"
                    )
                }
                do throws(EntryFault) {
                    tables.append(try TableMetadata(chunk.data(record)))
                } catch {
                    throw .invalidArgument("\(path), \(chunk.title(record)): \(error.reason)")
                }
                guard names.insert(tables[tables.count - 1].name).inserted else {
                    let name = tables[tables.count - 1].name
                    throw .invalidArgument("\(path), \(chunk.title(record)): the table \(name) comes twice")
                }
            }
            guard tables.count <= maximumTableCount else {
                throw .invalidArgument("\(path) names more than \(maximumTableCount) tables")
            }
        }
        return tables
    }

    private static func reader(
        of dump: DumpFiles,
        _ shard: Int,
        _ metadata: [[TableMetadata]],
        _ indices: [String: Int]
    ) throws(ServingError) -> ShardReader {
        guard dump.layout == .multi else {
            return try ShardReader(
                path: dump.dataPath(shard),
                shard: shard,
                compression: .none,
                sections: [ShardReader.Section(table: indices[dump.name], end: .max)],
                expected: nil
            )
        }
        var sections: [ShardReader.Section] = []
        var end: UInt64 = 0
        for table in metadata[shard] where table.entryCount > 0 {
            // The sums of tables do not overflow, but that of all may.
            let (sum, overflow) = end.addingReportingOverflow(table.entryCount)
            guard !overflow else {
                throw .invalidArgument("\(dump.metadataPath(shard)) counts more than 2^64 entries")
            }
            end = sum
            sections.append(ShardReader.Section(table: indices[table.name], end: end))
        }
        return try ShardReader(
            path: dump.dataPath(shard),
            shard: shard,
            compression: .snappy,
            sections: sections,
            expected: (end, dump.metadataPath(shard))
        )
    }
}
