/// Entries of one table that come one after the other in a file. Valid only while it is handed over.
public struct EntryBatch {
    /// The table's index among those of the import.
    public let table: Int
    /// The number of the thread that hands it over, from 0; each has its own.
    public let worker: Int
    /// The number of the file's shard in its dump.
    public let shard: Int
    /// Values of a row.
    public let width: Int
    public let ids: UnsafeBufferPointer<Int64>
    /// Seconds since 1970; 0 where the dump says none.
    public let updateTimes: UnsafeBufferPointer<Int64>
    /// The rows one after the other: `width` for each id.
    public let values: UnsafeBufferPointer<Float>

    let chunk: RecordChunk
    let firstInChunk: Int

    public var count: Int { ids.count }

    public func row(_ index: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(rebasing: values[index * width..<(index + 1) * width])
    }

    /// The serialized `EntryDump` of an entry, with its optimizer's state.
    public func record(_ index: Int) -> UnsafeRawBufferPointer { chunk.data(firstInChunk + index) }
}
