/// Writes small messages: what configures TensorFlow (`ConfigProto`, `RunOptions`), signatures.
package struct ProtobufWriter {
    package private(set) var bytes: [UInt8]

    /// - Parameter bytes: fields to begin with.
    package init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    package mutating func integer(_ field: Int, _ value: Int) {
        varint(UInt64(field) << 3)
        varint(UInt64(bitPattern: Int64(value)))
    }

    package mutating func bool(_ field: Int, _ value: Bool) { integer(field, value ? 1 : 0) }

    package mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        self.bytes(field, inner.bytes)
    }

    package mutating func bytes(_ field: Int, _ content: some Collection<UInt8>) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    package mutating func double(_ field: Int, _ value: Double) {
        varint(UInt64(field) << 3 | 1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    /// Appends serialized fields.
    package mutating func append(_ fields: [UInt8]) { bytes += fields }

    package mutating func string(_ field: Int, _ text: String) { bytes(field, text.utf8) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
