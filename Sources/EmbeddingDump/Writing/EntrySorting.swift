import ServingPrimitives

/// Puts entries into the files of their tables and shards, in the form that is wanted.
struct EntrySorting: Sendable {
    private let conversion: DumpConversion
    /// Those of a table's shards follow each other.
    private let spools: [EntrySpool]

    init(_ conversion: DumpConversion, _ spools: [EntrySpool]) {
        self.conversion = conversion
        self.spools = spools
    }

    /// Called by all threads of an import.
    func take(_ batch: EntryBatch) throws(ServingError) {
        let shardCount = conversion.shardCount
        for shard in 0..<shardCount {
            try spools[batch.table * shardCount + shard].append { (writer) throws(ServingError) in
                for index in 0..<batch.count where Self.shard(of: batch.ids[index], shardCount) == shard {
                    try append(batch, index, writer)
                }
            }
        }
    }

    /// Any rule will do: which shard of a dump an entry is in says nothing. This one is even, and the same each time.
    private static func shard(of id: Int64, _ count: Int) -> Int {
        let mixed = UInt64(bitPattern: id) &* 0x9E37_79B9_7F4A_7C15
        return Int((mixed >> 32) % UInt64(count))
    }

    private func append(_ batch: EntryBatch, _ index: Int, _ writer: RecordFileWriter) throws(ServingError) {
        let record = batch.record(index)
        if conversion.keepsOptimizer, conversion.isPacked == nil { return try writer.append(record) }
        let form = EntryForm(of: record)
        let entry = EntryEncoder(
            id: batch.ids[index],
            values: batch.row(index),
            updateTime: batch.updateTimes[index],
            optimizer: conversion.keepsOptimizer ? form?.optimizer : nil,
            isPacked: conversion.isPacked ?? form?.isPacked ?? false
        )
        try writer.append(byteCount: entry.byteCount) { entry.write(into: $0) }
    }
}
