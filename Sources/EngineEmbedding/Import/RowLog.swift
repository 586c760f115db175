#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Rows one behind the other, in the order in which they came, in memory that does not move.
final class RowLog {
    struct Record {
        let start: UnsafeRawPointer

        static let headByteCount = 12
        var id: Int64 { start.loadUnaligned(as: Int64.self) }
        var timestamp: UInt32 { start.loadUnaligned(fromByteOffset: 8, as: UInt32.self) }
        var row: UnsafeRawPointer { start + Self.headByteCount }
    }

    private let recordByteCount: Int
    private let recordsPerChunk: Int
    private var chunks: [(start: UnsafeMutableRawPointer, capacity: Int)] = []
    private var free = 0
    /// Where the next record goes.
    private var next: UnsafeMutableRawPointer?
    private(set) var count = 0

    /// Records of the first chunk. Each of the next has twice as many, up to 64 KiB: a table has a thousand logs for each
    /// thread, and most tables are small.
    private static let firstChunk = 4

    init(rowByteCount: Int) {
        recordByteCount = Record.headByteCount + rowByteCount
        recordsPerChunk = max(1, (1 << 16) / recordByteCount)
    }

    deinit { for chunk in chunks { chunk.start.deallocate() } }

    /// - Returns: where the row goes.
    func append(_ id: Int64, _ timestamp: UInt32) -> UnsafeMutableRawPointer {
        let start: UnsafeMutableRawPointer
        if free > 0, let next { start = next } else { start = addChunk() }
        free -= 1
        count += 1
        next = start + recordByteCount
        start.storeBytes(of: id, as: Int64.self)
        start.storeBytes(of: timestamp, toByteOffset: 8, as: UInt32.self)
        return start + Record.headByteCount
    }

    private func addChunk() -> UnsafeMutableRawPointer {
        let capacity = min(recordsPerChunk, Self.firstChunk << min(chunks.count, 16))
        let start = UnsafeMutableRawPointer.allocate(byteCount: capacity * recordByteCount, alignment: 8)
        chunks.append((start, capacity))
        free = capacity
        return start
    }

    func forEachRecord(_ body: (Record) -> Void) {
        for (index, chunk) in chunks.enumerated() {
            let count = index == chunks.count - 1 ? chunk.capacity - free : chunk.capacity
            for record in 0..<count { body(Record(start: chunk.start + record * recordByteCount)) }
        }
    }
}
