public import ServingPrimitives

/// Writes one shard of a dump: a file of entries, and for a dump of several tables the metadata beside it.
///
/// Used by one thread. What was written is seen under its names only after `finish`; without it nothing is left behind.
public final class DumpShardWriter {
    private let dump: DumpFiles
    private let shard: Int
    private let entries: RecordFileWriter
    private var tables: [TableMetadata] = []

    /// - Parameter shard: from 0.
    /// - Throws: why no file can be made; the folder must be there.
    public init(_ dump: DumpFiles, shard: Int) throws(ServingError) {
        precondition((0..<dump.shardCount).contains(shard), "there is no shard \(shard) of \(dump.shardCount)")
        self.dump = dump
        self.shard = shard
        entries = try RecordFileWriter(
            dump.temporaryPath(dump.fileName(shard)),
            compression: dump.layout == .plain ? .none : .snappy
        )
    }

    /// Lets the entries that come next be those of another table: in a dump of several, where each comes once, in the order
    /// of the names' bytes, also those without entries.
    public func begin(table name: String) throws(ServingError) {
        guard dump.layout == .multi else {
            throw .failedPrecondition("\(dump.base) is a dump of one table; \(name) cannot follow")
        }
        if let last = tables.last, !last.name.utf8.lexicographicallyPrecedes(name.utf8) {
            throw .failedPrecondition(
                "\(dump.base): table \(name) comes after \(last.name); expected the order of bytes"
            )
        }
        tables.append(TableMetadata(name: name, entryCount: 0))
    }

    /// - Parameters:
    ///   - updateTime: seconds since 1970.
    ///   - optimizer: a serialized `OptimizerDump`.
    ///   - isPacked: a byte less for each value.
    public func append(
        id: Int64,
        values: UnsafeBufferPointer<Float>,
        updateTime: Int64,
        optimizer: UnsafeRawBufferPointer? = nil,
        isPacked: Bool = false
    ) throws(ServingError) {
        let entry = EntryEncoder(
            id: id,
            values: values,
            updateTime: updateTime,
            optimizer: optimizer,
            isPacked: isPacked
        )
        try entries.append(byteCount: entry.byteCount) { entry.write(into: $0) }
        try count()
    }

    /// - Parameter record: a serialized `EntryDump`.
    public func append(record: UnsafeRawBufferPointer) throws(ServingError) {
        try entries.append(record)
        try count()
    }

    private func count() throws(ServingError) {
        guard dump.layout == .multi else { return }
        guard !tables.isEmpty else {
            throw .failedPrecondition("\(dump.base): entries come before the name of their table")
        }
        tables[tables.count - 1].entryCount += 1
    }

    /// Puts the files in their places, the entries before the metadata.
    public func finish() throws(ServingError) {
        guard dump.layout == .multi else { return try entries.finish(as: dump.dataPath(shard)) }
        let metadata = try RecordFileWriter(
            dump.temporaryPath(dump.fileName(shard, isMetadata: true)),
            compression: .none
        )
        for table in tables {
            let bytes = table.encoded
            try metadata.append(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        }
        try entries.finish(as: dump.dataPath(shard))
        try metadata.finish(as: dump.metadataPath(shard))
    }
}

extension DumpFiles {
    /// A name that nobody reads, and nobody else has.
    func temporaryPath(_ file: DumpFileName) -> String { folder + file.temporary(.random(in: 0 ... .max)).text }
}
