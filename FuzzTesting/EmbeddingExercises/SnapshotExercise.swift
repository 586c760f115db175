import EngineEmbedding
import ServingPrimitives

/// What fuzz-embedding-snapshot does with an input: opens it as a snapshot, as it is and with checksums that fit, and
/// serves it.
package enum SnapshotExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? { servingFault(bytes) ?? servingFault(mended(bytes)) }

    private static func servingFault(_ bytes: [UInt8]) -> String? {
        guard let snapshot = try? bytes.withUnsafeBytes({ try Snapshot(copying: $0) }) else { return nil }
        guard snapshot.format.dimension < 1 << 12 else { return nil }
        let limits = TableLimits(maximumBytes: snapshot.byteCount + (1 << 20))
        guard let table = try? EmbeddingTable(snapshot, limits: limits) else { return "it is not served" }
        var ids: [Int64] = []
        snapshot.forEachRow { id, _ in ids.append(id) }
        guard ids.count == snapshot.rowCount else { return "\(ids.count) ids in \(snapshot.rowCount) rows" }
        guard Set(ids).count == ids.count else { return "an id is there twice" }
        // In several batches, so that hostile widths need no memory to speak of.
        for start in stride(from: 0, to: ids.count, by: 64) {
            let batch = Array(ids[start..<min(start + 64, ids.count)])
            let others = batch.map { $0 &* 31 &+ 7 }
            guard found(batch, table) == batch.count else { return "an id is not found" }
            let strangers = others.filter { !ids.contains($0) }
            guard strangers.isEmpty || found(strangers, table) == 0 else { return "an id is found that is not there" }
        }
        return nil
    }

    private static func found(_ ids: [Int64], _ table: EmbeddingTable) -> Int? {
        var numbers = [Float](repeating: 0, count: ids.count * table.format.dimension)
        var target = numbers.mutableSpan
        return try? table.lookup(ids.span, into: &target)
    }

    /// With checksums that fit what the file holds, as somebody has who makes one on purpose.
    package static func mended(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
        }
        func put(_ checksum: UInt32, at offset: Int) {
            for byte in 0..<4 { bytes[offset + byte] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * byte)) }
        }
        func checksum(_ range: Range<Int>) -> UInt32 {
            bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
        guard bytes.count >= 1024,
            let layout = SnapshotLayout(
                rowCount: number(16, 8),
                rowByteCount: number(56, 4),
                bucketCount: number(32, 8)
            ), layout.byteCount <= bytes.count
        else { return bytes }
        let chunks = [layout.rows, layout.timestamps, layout.buckets].flatMap { SnapshotLayout.chunks(of: $0) }
        for (index, chunk) in chunks.enumerated() {
            put(checksum(chunk), at: layout.checksums.lowerBound + 4 * index)
        }
        put(checksum(layout.checksums), at: 12)
        put(checksum(0..<1020), at: 1020)
        return bytes
    }
}
