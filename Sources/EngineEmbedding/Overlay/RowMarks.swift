import ServingPrimitives
import Synchronization

/// A mark for each row of a snapshot that is not served any more: it was changed, and the overlay has it, or it was
/// removed.
///
/// The writer sets marks and never takes one away; it does so after the overlay has the new row, so a reader that
/// sees the mark finds that.
final class RowMarks: @unchecked Sendable {
    // Sendable: the words are atomic; the count is the writer's.
    private let memory: MappedMemory
    private(set) var count = 0

    init(rowCount: Int) throws(ServingError) {
        memory = try MappedMemory(zeros: (rowCount / 64 + 1) * 8, hugePages: false)
    }

    init(copyOf other: RowMarks) throws(ServingError) {
        memory = try MappedMemory(zeros: other.memory.count, hugePages: false)
        memory.start.copyMemory(from: other.memory.start, byteCount: memory.count)
        count = other.count
    }

    var byteCount: Int { memory.count }

    /// The words as they are.
    var snapshot: [UInt64] { (0..<memory.count / 8).map { words[$0].load(ordering: .relaxed) } }

    var words: UnsafeMutablePointer<Atomic<UInt64>> { memory.start.assumingMemoryBound(to: Atomic<UInt64>.self) }

    func set(_ row: Int) {
        guard !Self.isSet(row, in: words) else { return }
        words[row / 64].bitwiseOr(1 << UInt64(row % 64), ordering: .releasing)
        count += 1
    }

    @inline(__always)
    static func isSet(_ row: Int, in words: UnsafeMutablePointer<Atomic<UInt64>>) -> Bool {
        words[row >> 6].load(ordering: .acquiring) >> UInt64(row & 63) & 1 == 1
    }
}
