/// Writes protobuf fields front to back into memory whose size was worked out before.
struct WireWriter {
    private(set) var position: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer

    init(_ target: UnsafeMutableRawBufferPointer) {
        // An empty message is written to no memory; any address does for its end.
        position = target.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 64).unsafelyUnwrapped
        end = position + target.count
    }

    var remaining: Int { end - position }

    @inline(__always)
    mutating func varint(_ value: UInt64) {
        precondition(remaining >= WireSize.varint(value), "a message grew after its size was worked out")
        var value = value
        while value >= 0x80 {
            position.storeBytes(of: UInt8(truncatingIfNeeded: value) | 0x80, as: UInt8.self)
            position += 1
            value >>= 7
        }
        position.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        position += 1
    }

    /// The tag and length of a length-delimited field; its bytes follow.
    mutating func header(_ field: UInt32, length: Int) {
        varint(UInt64(WireTag.bytes(field).rawValue))
        varint(UInt64(length))
    }

    mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
        precondition(remaining >= bytes.count, "a message grew after its size was worked out")
        UnsafeMutableRawBufferPointer(start: position, count: bytes.count).copyMemory(from: bytes)
        position += bytes.count
    }

    /// A `string` field; an empty one is left out.
    mutating func string(_ field: UInt32, _ string: String) {
        guard !string.isEmpty else { return }
        header(field, length: string.utf8.count)
        var string = string
        string.withUTF8 { bytes(UnsafeRawBufferPointer($0)) }
    }

    mutating func bytes(_ bytes: [UInt8]) { bytes.withUnsafeBytes { self.bytes($0) } }

    /// Memory for the next bytes, which the caller fills.
    mutating func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(remaining >= count, "a message grew after its size was worked out")
        defer { position += count }
        return UnsafeMutableRawBufferPointer(start: position, count: count)
    }

    /// A double field; 0, but not -0, is left out.
    mutating func double(_ field: UInt32, _ value: Double) {
        guard value.bitPattern != 0 else { return }
        varint(UInt64(WireTag.fixed64(field).rawValue))
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes($0) }
    }

    /// A number field; 0 is left out.
    mutating func number(_ field: UInt32, _ value: UInt64) {
        guard value != 0 else { return }
        varint(UInt64(WireTag.varint(field).rawValue))
        varint(value)
    }

    /// A float field; 0, but not -0, is left out.
    mutating func float(_ field: UInt32, _ value: Float) {
        guard value.bitPattern != 0 else { return }
        varint(UInt64(WireTag.fixed32(field).rawValue))
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes($0) }
    }
}
