import EmbeddingDump
import ServingPrimitives
import Synchronization

/// An entry as an import hands it over.
struct ReadEntry: Hashable {
    var table: String
    var id: Int64
    var values: [Float]
    var updateTime: Int64 = 0
    var record: [UInt8] = []

    /// Without the bytes of its record.
    var content: ReadEntry { ReadEntry(table: table, id: id, values: values, updateTime: updateTime) }
}

extension DumpImport {
    /// All entries, ordered by table and id.
    func entries(threads: Int = 1) throws(ServingError) -> [ReadEntry] {
        let found = Mutex<[ReadEntry]>([])
        let names = tables.map(\.name)
        try run(threads: threads) { batch in
            let entries = (0..<batch.count).map { index in
                ReadEntry(
                    table: names[batch.table],
                    id: batch.ids[index],
                    values: Array(batch.row(index)),
                    updateTime: batch.updateTimes[index],
                    record: Array(batch.record(index))
                )
            }
            found.withLock { $0 += entries }
        }
        return found.withLock { $0 }.sorted { ($0.table, $0.id) < ($1.table, $1.id) }
    }
}

/// All entries of a place.
func entries(at path: String, threads: Int = 1, widths: [String: Int] = [:]) throws(ServingError) -> [ReadEntry] {
    try DumpImport(try DumpCatalog(at: path).complete(), widths: widths).entries(threads: threads)
}

/// Writes a dump of one shard.
func write(_ tables: [(name: String, entries: [ReadEntry])], to base: String, isPacked: Bool = false) throws {
    let writer = try DumpShardWriter(try DumpFiles(base: base, layout: .multi, shardCount: 1), shard: 0)
    for (name, entries) in tables {
        try writer.begin(table: name)
        for entry in entries { try writer.append(entry, isPacked: isPacked) }
    }
    try writer.finish()
}

extension DumpShardWriter {
    func append(_ entry: ReadEntry, isPacked: Bool = false) throws(ServingError) {
        let outcome = entry.values.withUnsafeBufferPointer { values in
            Result { () throws(ServingError) -> Void in
                try append(id: entry.id, values: values, updateTime: entry.updateTime, isPacked: isPacked)
            }
        }
        try outcome.get()
    }
}
