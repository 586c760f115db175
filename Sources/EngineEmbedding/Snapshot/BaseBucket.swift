import ServingPrimitives

/// A bucket of the index of a snapshot: one cache line.
///
/// | bytes | what |
/// | --- | --- |
/// | 0 ..< 56 | up to seven ids; those behind the last are zeros |
/// | 56 ..< 60 | the row of the first; the others' follow |
/// | 60 | how many |
/// | 61 | 1 when ids that belong here or before lie in later buckets, else 0 |
/// | 62 ..< 64 | zeros |
///
/// Ids are in the order of their hashes over the whole index, and so are rows: an id has no row number of its own,
/// and two tables with one seed are merged by reading both from start to end.
struct BaseBucket {
    static let byteCount = 64
    static let capacity = 7

    let start: UnsafeRawPointer

    @inline(__always)
    func id(_ slot: Int) -> Int64 { start.loadUnaligned(fromByteOffset: 8 * slot, as: Int64.self) }
    var firstRow: UInt32 { start.loadUnaligned(fromByteOffset: 56, as: UInt32.self) }
    var count: Int { Int(start.load(fromByteOffset: 60, as: UInt8.self)) }
    var overflow: UInt8 { start.load(fromByteOffset: 61, as: UInt8.self) }
    var reserved: UInt16 { start.loadUnaligned(fromByteOffset: 62, as: UInt16.self) }

    /// Where among the ids this one is, as the number of the lowest bit; 0 when it is not there.
    @inline(__always)
    func matches(_ id: Int64) -> UInt32 {
        // Compares all seven: that costs less than a branch that is predicted wrong.
        var matches: UInt32 = 0
        for slot in 0..<Self.capacity { matches |= (self.id(slot) == id ? 1 : 0) << UInt32(slot) }
        return matches & (1 << UInt32(truncatingIfNeeded: count) &- 1)
    }

    /// Where among the ids this one is; `nil` when it is not there.
    @inline(__always)
    func slot(of id: Int64) -> Int? {
        let matches = matches(id)
        return matches == 0 ? nil : matches.trailingZeroBitCount
    }
}
