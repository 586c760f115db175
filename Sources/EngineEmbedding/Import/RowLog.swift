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
    private var chunks: [UnsafeMutableRawPointer] = []
    private var free = 0
    /// Where the next record goes.
    private var next: UnsafeMutableRawPointer?

    init(rowByteCount: Int) {
        recordByteCount = Record.headByteCount + rowByteCount
        recordsPerChunk = max(1, (1 << 16) / recordByteCount)
    }

    deinit { for chunk in chunks { chunk.deallocate() } }

    var count: Int { chunks.count * recordsPerChunk - free }

    /// - Returns: where the row goes.
    func append(_ id: Int64, _ timestamp: UInt32) -> UnsafeMutableRawPointer {
        let start: UnsafeMutableRawPointer
        if free > 0, let next {
            start = next
        } else {
            start = .allocate(byteCount: recordsPerChunk * recordByteCount, alignment: 8)
            chunks.append(start)
            free = recordsPerChunk
        }
        free -= 1
        next = start + recordByteCount
        start.storeBytes(of: id, as: Int64.self)
        start.storeBytes(of: timestamp, toByteOffset: 8, as: UInt32.self)
        return start + Record.headByteCount
    }

    func forEachRecord(_ body: (Record) -> Void) {
        for (index, chunk) in chunks.enumerated() {
            let count = index == chunks.count - 1 ? recordsPerChunk - free : recordsPerChunk
            for record in 0..<count { body(Record(start: chunk + record * recordByteCount)) }
        }
    }
}
