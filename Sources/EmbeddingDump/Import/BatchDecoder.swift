import ServingPrimitives

/// Makes batches of the records of chunks; each thread has one, with memory of its own.
final class BatchDecoder {
    private let worker: Int
    private let tables: [DumpImport.Table]
    private let widths: TableWidths
    private let ids = GrowingBuffer<Int64>()
    private let times = GrowingBuffer<Int64>()
    private let values = GrowingBuffer<Float>()
    /// What this thread knows of the tables' widths, without a lock.
    private var known: [Int?]

    init(worker: Int, tables: [DumpImport.Table], widths: TableWidths) {
        self.worker = worker
        self.tables = tables
        self.widths = widths
        known = tables.map { _ in nil }
    }

    /// Entries of one table.
    ///
    /// - Parameter records: of the chunk.
    /// - Throws: `DATA_LOSS` for a damaged record, `INVALID_ARGUMENT` for one that is no entry or has another width than the
    ///   table, with its file and number.
    func decode(
        _ chunk: RecordChunk,
        _ records: Range<Int>,
        of table: Int,
        in shard: ShardReader
    ) throws(ServingError) -> EntryBatch {
        ids.reserve(records.count)
        times.reserve(records.count)
        var filled = 0
        for (index, record) in records.enumerated() {
            guard chunk.isIntact(record) else {
                throw ServingError(
                    .dataLoss,
                    "\(shard.path), \(chunk.title(record)): the checksum of its data does not fit"
                )
            }
            let data = chunk.data(record)
            values.reserve(filled + DumpedEntry.maximumValueCount(in: data), keeping: filled)
            let room = UnsafeMutableBufferPointer(rebasing: values.memory[filled...])
            let entry: DumpedEntry
            do throws(EntryFault) {
                entry = try DumpedEntry(data, values: room)
            } catch {
                throw .invalidArgument("\(shard.path), \(chunk.title(record)): \(error.reason)")
            }
            if entry.valueCount != known[table] { try check(entry, table, chunk, record, shard) }
            ids.memory[index] = entry.id
            times.memory[index] = entry.updateTime
            filled += entry.valueCount
        }
        return EntryBatch(
            table: table,
            worker: worker,
            shard: shard.shard,
            width: known[table] ?? 0,
            ids: UnsafeBufferPointer(rebasing: ids.memory[..<records.count]),
            updateTimes: UnsafeBufferPointer(rebasing: times.memory[..<records.count]),
            values: UnsafeBufferPointer(rebasing: values.memory[..<filled]),
            chunk: chunk,
            firstInChunk: records.lowerBound
        )
    }

    private func check(
        _ entry: DumpedEntry,
        _ table: Int,
        _ chunk: RecordChunk,
        _ record: Int,
        _ shard: ShardReader
    ) throws(ServingError) {
        let place = "\(shard.path), \(chunk.title(record))"
        let width = widths.claim(entry.valueCount, of: table, "as in \(place)")
        guard width.count == entry.valueCount else {
            throw .invalidArgument(
                "\(place): the row of id \(entry.id) has \(entry.valueCount) values; rows of table "
                    + "\(tables[table].name) have \(width.count) (\(width.origin))"
            )
        }
        known[table] = width.count
    }
}
