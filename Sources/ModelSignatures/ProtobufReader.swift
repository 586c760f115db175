/// Steps through the fields of a serialized protobuf message without copying it.
///
/// Format: https://protobuf.dev/programming-guides/encoding. Groups are refused: no message we read has any.
package struct ProtobufReader {
    package enum Value {
        case varint(UInt64)
        case bytes(UnsafeRawBufferPointer)
        case fixed32(UInt32)
        case fixed64(UInt64)
    }

    package struct Malformed: Error {
        package init() {}
    }

    private let message: UnsafeRawBufferPointer

    package var isAtEnd: Bool { offset == message.count }

    /// Bytes that have been read: where the next field begins.
    package private(set) var offset = 0

    /// - Parameter message: must stay in place while this and the bytes it hands out are used.
    package init(_ message: UnsafeRawBufferPointer) { self.message = message }

    /// The next field, `nil` at the end.
    package mutating func next() throws(Malformed) -> (field: Int, value: Value)? {
        guard offset < message.count else { return nil }
        let key = try varint()
        let field = Int(truncatingIfNeeded: key >> 3)
        switch key & 7 {
        case 0: return (field, .varint(try varint()))
        case 1: return (field, .fixed64(try fixed64()))
        case 2:
            guard let count = Int(exactly: try varint()), count <= message.count - offset else { throw Malformed() }
            defer { offset += count }
            return (field, .bytes(UnsafeRawBufferPointer(rebasing: message[offset..<offset + count])))
        case 5: return (field, .fixed32(try fixed32()))
        default: throw Malformed()
        }
    }

    /// The number at the present position. Numbers of a packed field follow each other without keys.
    package mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < message.count, shift < 64 {
            let byte = message[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw Malformed()
    }

    private mutating func fixed32() throws(Malformed) -> UInt32 {
        guard message.count - offset >= 4 else { throw Malformed() }
        defer { offset += 4 }
        return UInt32(littleEndian: message.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private mutating func fixed64() throws(Malformed) -> UInt64 {
        guard message.count - offset >= 8 else { throw Malformed() }
        defer { offset += 8 }
        return UInt64(littleEndian: message.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
