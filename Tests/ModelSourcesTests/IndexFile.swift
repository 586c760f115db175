import ServingPrimitives

/// The index of a checkpoint as TensorFlow would write it, in as many blocks as there are entries.
struct IndexFile {
    var shards: UInt64?
    var entries: [(shard: UInt64, offset: UInt64, size: UInt64)]
    /// 1 is for blocks that are compressed.
    var blockKind: UInt8 = 0

    var bytes: [UInt8] {
        var file: [UInt8] = []
        var pointers: [(key: [UInt8], value: [UInt8])] = []
        func append(_ block: [UInt8]) -> [UInt8] {
            let handle = Self.varint(UInt64(file.count)) + Self.varint(UInt64(block.count))
            let checked = block + [blockKind]
            file += checked + Self.fixed(UInt64(checked.withUnsafeBytes { CRC32C.masked($0) }), 4)
            return handle
        }
        if let shards { pointers.append(([], append(Self.block([([], Self.field(1, shards))])))) }
        for (number, entry) in entries.enumerated() {
            let key = Array("v\(number)".utf8)
            let value =
                Self.field(1, 1) + Self.field(3, entry.shard) + Self.field(4, entry.offset)
                + Self.field(5, entry.size) + [0x35, 1, 2, 3, 4] + [0x12, 0]
            pointers.append((key, append(Self.block([(key, value)]))))
        }
        let metaIndex = append(Self.block([]))
        let index = append(Self.block(pointers))
        let footer = metaIndex + index
        return file + footer + [UInt8](repeating: 0, count: 40 - footer.count) + Self.fixed(0xdb47_7524_8b80_fb57, 8)
    }

    private static func block(_ entries: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
        var bytes: [UInt8] = []
        var last: [UInt8] = []
        for entry in entries {
            let shared = zip(last, entry.key).prefix { $0 == $1 }.count
            bytes +=
                varint(UInt64(shared)) + varint(UInt64(entry.key.count - shared)) + varint(UInt64(entry.value.count))
            bytes += entry.key[shared...] + entry.value
            last = entry.key
        }
        return bytes + fixed(0, 4) + fixed(1, 4)
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    private static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }

    private static func fixed(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
}
