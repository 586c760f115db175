import ServingPrimitives

/// Where changed rows lie, with their timestamps. Addresses for as many as the budget allows are taken at once, so
/// that no row ever moves; memory is taken by those that were written.
///
/// The writer's alone, but for the bytes of rows whose number it has put where readers find it.
final class RowArena: @unchecked Sendable {
    // Sendable: all of it is under the writer's lock, but for rows in sight, which nobody writes.
    let rows: MappedMemory
    private let timestamps: MappedMemory
    private let rowByteCount: Int
    let capacity: Int
    /// Rows from the start that were used ever.
    private(set) var high = 0
    private var free: [UInt32] = []

    init(capacity: Int, rowByteCount: Int) throws(ServingError) {
        self.capacity = max(1, min(capacity, Int(OverlayIndex.noRow) - 1))
        self.rowByteCount = rowByteCount
        let (bytes, overflow) = self.capacity.multipliedReportingOverflow(by: rowByteCount)
        guard !overflow else { throw .invalidArgument("a byte budget of that many rows cannot be addressed") }
        rows = try MappedMemory(zeros: bytes, hugePages: false)
        timestamps = try MappedMemory(zeros: self.capacity * 4, hugePages: false)
    }

    /// Bytes that were written ever: what the arena takes.
    var byteCount: Int { high * (rowByteCount + 4) + free.capacity * 4 }
    var bytesPerRow: Int { rowByteCount + 4 }
    var hasFree: Bool { !free.isEmpty }

    /// A row that nobody sees; `nil` when all are taken.
    func take() -> UInt32? {
        if let row = free.popLast() { return row }
        guard high < capacity else { return nil }
        high += 1
        return UInt32(high - 1)
    }

    /// The row may be written again: no reader sees it any more.
    func give(_ row: UInt32) { free.append(row) }

    func give(_ rows: [UInt32]) { free += rows }

    func bytes(ofRow row: UInt32) -> UnsafeMutableRawPointer { rows.start + Int(row) * rowByteCount }

    func timestamp(ofRow row: UInt32) -> UInt32 {
        timestamps.start.load(fromByteOffset: 4 * Int(row), as: UInt32.self)
    }

    func setTimestamp(_ timestamp: UInt32, ofRow row: UInt32) {
        timestamps.start.storeBytes(of: timestamp, toByteOffset: 4 * Int(row), as: UInt32.self)
    }
}
