/// Field number and wire type, as they stand before every field.
///
/// Compared as one number, so that a known field with an unexpected wire type is an unknown field, as protobuf wants.
struct WireTag: Sendable, Hashable {
    enum WireType: UInt32, Sendable {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case startGroup = 3
        case endGroup = 4
        case fixed32 = 5
    }

    let rawValue: UInt32

    @inline(__always)
    init(uncheckedRawValue: UInt32) { rawValue = uncheckedRawValue }

    @inline(__always) static func varint(_ field: UInt32) -> WireTag { WireTag(uncheckedRawValue: field << 3) }
    @inline(__always) static func fixed64(_ field: UInt32) -> WireTag { WireTag(uncheckedRawValue: field << 3 | 1) }
    @inline(__always) static func bytes(_ field: UInt32) -> WireTag { WireTag(uncheckedRawValue: field << 3 | 2) }
    @inline(__always) static func fixed32(_ field: UInt32) -> WireTag { WireTag(uncheckedRawValue: field << 3 | 5) }

    var field: UInt32 { rawValue >> 3 }
    var type: WireType? { WireType(rawValue: rawValue & 7) }

    @inline(__always)
    static func ~= (pattern: WireTag, value: WireTag) -> Bool { pattern.rawValue == value.rawValue }
}
