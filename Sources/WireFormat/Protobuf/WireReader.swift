/// Reads the fields of one serialized protobuf message, front to back, checking every step against its end.
///
/// Holds pointers into memory that the caller keeps alive for as long as it reads.
struct WireReader {
    /// How deep groups (an old form of submessage that only unknown fields have) may be nested.
    static let maximumGroupDepth = 100

    private(set) var position: UnsafeRawPointer
    private let end: UnsafeRawPointer

    /// Any address will do for a message without bytes. Not null, so this cannot fail.
    private static var nowhere: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped }

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        position = bytes.baseAddress ?? Self.nowhere
        end = position + bytes.count
    }

    @inline(__always) var isAtEnd: Bool { position == end }
    @inline(__always) var remaining: Int { end - position }

    @inline(__always)
    mutating func varint() throws(WireError) -> UInt64 {
        guard position < end else { throw WireError(.truncated, at: position) }
        let first = position.load(as: UInt8.self)
        if first < 0x80 {
            position += 1
            return UInt64(first)
        }
        return try longVarint()
    }

    /// A varint of two bytes or more. Bits beyond the 64th are dropped, as protobuf's own parsers do.
    private mutating func longVarint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var next = position
        while next < end {
            let byte = next.load(as: UInt8.self)
            value |= UInt64(byte & 0x7f) &<< shift
            next += 1
            if byte < 0x80 {
                position = next
                return value
            }
            shift += 7
            guard shift < 70 else { throw WireError(.overlongVarint, at: position) }
        }
        throw WireError(.truncated, at: position)
    }

    @inline(__always)
    mutating func tag() throws(WireError) -> WireTag {
        let start = position
        let raw = try varint()
        // At most five bytes, as Google's parsers have it, although a varint may be padded to ten.
        guard raw >= 8, raw < UInt64(UInt32.max), raw & 7 <= 5, position - start <= 5 else {
            throw WireError(.invalidTag, at: start)
        }
        return WireTag(uncheckedRawValue: UInt32(truncatingIfNeeded: raw))
    }

    /// The bytes of a length-delimited field.
    @inline(__always)
    mutating func payload() throws(WireError) -> UnsafeRawBufferPointer {
        let start = position
        let length = try varint()
        guard length <= UInt64(truncatingIfNeeded: remaining) else { throw WireError(.lengthBeyondEnd, at: start) }
        let bytes = UnsafeRawBufferPointer(start: position, count: Int(truncatingIfNeeded: length))
        position += bytes.count
        return bytes
    }

    /// The length of a length-delimited field and as many of its bytes as there are, when reading from the first bytes
    /// of a longer message.
    mutating func partialPayload() throws(WireError) -> (length: Int, UnsafeRawBufferPointer) {
        let length = Int(clamping: try varint())
        let bytes = UnsafeRawBufferPointer(start: position, count: min(length, remaining))
        position += bytes.count
        return (length, bytes)
    }

    /// The bytes of a packed field whose values have `width` bytes each.
    @inline(__always)
    mutating func packedPayload(width: Int) throws(WireError) -> UnsafeRawBufferPointer {
        let start = position
        let bytes = try payload()
        guard bytes.count & (width - 1) == 0 else { throw WireError(.packedByteCount, at: start) }
        return bytes
    }

    /// A `string` field, which must be UTF-8.
    @inline(__always)
    mutating func string() throws(WireError) -> String {
        let start = position
        let bytes = try payload()
        guard let string = Self.string(bytes) else { throw WireError(.invalidUTF8, at: start) }
        return string
    }

    /// Nearly all names are ASCII, for which `String(decoding:)` has nothing to repair. `String(validating:)` takes
    /// about 1000 instructions even for one letter (Swift 6.3: it looks up generic metadata).
    private static func string(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.allSatisfy({ $0 < 0x80 }) else { return String(validating: bytes, as: UTF8.self) }
        return bytes.withMemoryRebound(to: UInt8.self) { String(decoding: $0, as: UTF8.self) }
    }

    /// `count` bytes of a field of fixed width.
    @inline(__always)
    mutating func fixed(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
        guard remaining >= count else { throw WireError(.truncated, at: position) }
        let bytes = UnsafeRawBufferPointer(start: position, count: count)
        position += count
        return bytes
    }

    /// Passes over the field that `tag` began.
    mutating func skip(_ tag: WireTag) throws(WireError) { try skip(tag, groupDepth: 0) }

    private mutating func skip(_ tag: WireTag, groupDepth: Int) throws(WireError) {
        switch tag.type {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed(8)
        case .lengthDelimited: _ = try payload()
        case .fixed32: _ = try fixed(4)
        case .startGroup: try skipGroup(tag.field, depth: groupDepth + 1)
        case .endGroup, nil: throw WireError(.unbalancedGroup, at: position)
        }
    }

    private mutating func skipGroup(_ field: UInt32, depth: Int) throws(WireError) {
        guard depth <= Self.maximumGroupDepth else { throw WireError(.nestingTooDeep, at: position) }
        while true {
            let start = position
            let inner = try tag()
            guard inner.type == .endGroup else {
                try skip(inner, groupDepth: depth)
                continue
            }
            guard inner.field == field else { throw WireError(.unbalancedGroup, at: start) }
            return
        }
    }
}
