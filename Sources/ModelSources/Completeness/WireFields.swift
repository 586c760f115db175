/// A cursor over numbers as protobuf and LevelDB write them. Every read says `nil` at what is not whole.
struct WireFields {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// A number of 7 bits in a byte, the lowest first; at most 64 bits.
    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            let bits = UInt64(byte & 0x7F)
            guard shift < 63 || bits <= 1 else { return nil }
            value |= bits << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    mutating func take(_ count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(rest.count) else { return nil }
        let end = rest.startIndex + Int(count)
        defer { rest = rest[end...] }
        return rest[rest.startIndex..<end]
    }

    /// So many bytes, the lowest first.
    mutating func fixed(_ count: Int) -> UInt64? {
        take(UInt64(count))?.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    /// The next field of a protobuf message.
    mutating func field() -> (number: UInt64, value: Value)? {
        guard let key = varint(), key >> 3 > 0 else { return nil }
        switch key & 7 {
        case 0: return varint().map { (key >> 3, .number($0)) }
        case 1: return fixed(8).map { (key >> 3, .number($0)) }
        case 2: return varint().flatMap { take($0) }.map { (key >> 3, .bytes($0)) }
        case 5: return fixed(4).map { (key >> 3, .number($0)) }
        default: return nil
        }
    }
}
