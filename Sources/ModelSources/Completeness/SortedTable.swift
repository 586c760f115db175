import ServingPrimitives

/// A table of keys and values as LevelDB writes it (`doc/table_format.md` there), which TensorFlow keeps the index of a
/// checkpoint in (`tensorflow/core/lib/io/table.cc`).
///
/// Blocks, then one that points at them, then 48 bytes that point at that one: what was cut off anywhere is noticed.
struct SortedTable {
    enum Problem: Error, Hashable {
        /// For a person to read, after the name of the file.
        case malformed(String)
        /// What TensorFlow could read, and this cannot.
        case compressed
    }

    private static let footerSize: UInt64 = 48
    private static let magic: UInt64 = 0xdb47_7524_8b80_fb57
    private static let trailerSize: UInt64 = 5

    private let bytes: [UInt8]
    private let blocks: [ArraySlice<UInt8>]

    init(_ bytes: [UInt8]) throws(Problem) {
        self.bytes = bytes
        guard bytes.count >= Self.footerSize else { throw .malformed("it is cut off") }
        var footer = WireFields(bytes[(bytes.count - Int(Self.footerSize))...])
        var end = WireFields(bytes[(bytes.count - 8)...])
        guard end.fixed(8) == Self.magic else { throw .malformed("it is cut off, or no index of variables") }
        guard footer.varint() != nil, footer.varint() != nil, let handle = Self.handle(&footer) else {
            throw .malformed("its footer is damaged")
        }
        var blocks: [ArraySlice<UInt8>] = []
        try Self.forEachEntry(in: Self.block(handle, of: bytes)) { (_, value) throws(Problem) in
            var fields = WireFields(value)
            guard let handle = Self.handle(&fields) else { throw .malformed("a block has no place in it") }
            blocks.append(try Self.block(handle, of: bytes))
        }
        self.blocks = blocks
    }

    /// Calls `body` with the length of each key and with its value, in the order of the keys.
    func visit(_ body: (_ keyLength: UInt64, _ value: ArraySlice<UInt8>) throws(Problem) -> Void) throws(Problem) {
        for block in blocks { try Self.forEachEntry(in: block, body) }
    }

    private static func handle(_ fields: inout WireFields) -> (offset: UInt64, size: UInt64)? {
        guard let offset = fields.varint(), let size = fields.varint() else { return nil }
        return (offset, size)
    }

    /// The content of a block: its kind and its checksum come after it.
    private static func block(
        _ handle: (offset: UInt64, size: UInt64),
        of bytes: [UInt8]
    ) throws(Problem) -> ArraySlice<UInt8> {
        let count = UInt64(bytes.count)
        guard handle.offset <= count, handle.size <= count - handle.offset,
            trailerSize <= count - handle.offset - handle.size
        else { throw .malformed("a block lies behind its end") }
        let (start, end) = (Int(handle.offset), Int(handle.offset + handle.size))
        switch bytes[end] {
        case 0: break
        case 1: throw .compressed
        default: throw .malformed("a block is of an unknown kind")
        }
        var checksum = WireFields(bytes[(end + 1)..<(end + 5)])
        let found = bytes.withUnsafeBytes { CRC32C.masked(UnsafeRawBufferPointer(rebasing: $0[start...end])) }
        guard checksum.fixed(4) == UInt64(found) else { throw .malformed("a block is damaged") }
        return bytes[start..<end]
    }

    /// Keys share the beginning of the one before. What they say beyond their length is of no interest here.
    private static func forEachEntry(
        in block: ArraySlice<UInt8>,
        _ body: (_ keyLength: UInt64, _ value: ArraySlice<UInt8>) throws(Problem) -> Void
    ) throws(Problem) {
        var tail = WireFields(block.suffix(4))
        guard block.count >= 4, let restarts = tail.fixed(4), restarts <= UInt64(block.count / 4 - 1) else {
            throw .malformed("a block is damaged")
        }
        var entries = WireFields(block.dropLast(4 * (Int(restarts) + 1)))
        var keyLength: UInt64 = 0
        while !entries.isAtEnd {
            guard let shared = entries.varint(), let own = entries.varint(), let size = entries.varint(),
                shared <= keyLength, entries.take(own) != nil, let value = entries.take(size)
            else { throw .malformed("a block is damaged") }
            keyLength = shared + own
            try body(keyLength, value)
        }
    }
}
