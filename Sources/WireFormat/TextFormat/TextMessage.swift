/// A message in the making: its serialized fields, and which are set.
struct TextMessage {
    let type: TextSchema.MessageType
    private(set) var bytes: [UInt8] = []
    private(set) var isSet: Set<Int> = []
    /// Name of the member that is set, by the oneof's name.
    private(set) var members: [String: String] = [:]

    init(_ type: TextSchema.MessageType) { self.type = type }

    /// Takes note that `field` got a value.
    mutating func mark(_ field: TextSchema.Field, isDefault: Bool) {
        if field.hasPresence || !isDefault { isSet.insert(field.number) }
        if let oneof = field.oneof { members[oneof] = field.name }
    }

    /// Takes note that the field of this number got a value other than its default.
    mutating func mark(_ number: Int) { isSet.insert(number) }

    /// A number of wire type varint.
    mutating func append(_ field: Int, varint value: UInt64) {
        append(UInt64(field) << 3)
        append(value)
    }

    /// The little-endian bytes of a number of fixed width.
    mutating func append(_ field: Int, fixed32 value: UInt32) {
        append(UInt64(field) << 3 | 5)
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func append(_ field: Int, fixed64 value: UInt64) {
        append(UInt64(field) << 3 | 1)
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    /// A string or a message.
    mutating func append(_ field: Int, bytes value: [UInt8]) {
        append(UInt64(field) << 3 | 2)
        append(UInt64(value.count))
        bytes += value
    }

    private mutating func append(_ varint: UInt64) {
        var rest = varint
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
