import NIOCore

/// Appends text to a `ByteBuffer` through a raw pointer: room is claimed for many pieces at once.
struct ByteSink {
    private(set) var buffer: ByteBuffer

    init(_ buffer: ByteBuffer) { self.buffer = buffer }

    /// Lets `body` write up to `limit` bytes; it returns the end of what it wrote.
    @inline(__always)
    mutating func write(
        upTo limit: Int,
        _ body: (UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>
    ) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { room in
            // Room was asked for, and `limit` is above zero, so there is an address.
            let start = room.baseAddress!.assumingMemoryBound(to: UInt8.self)
            return body(start) - start
        }
    }

    mutating func write(_ text: StaticString) { buffer.writeStaticString(text) }

    mutating func write(_ bytes: some Sequence<UInt8>) { buffer.writeBytes(bytes) }

    mutating func newLine(indent: Int) {
        buffer.writeInteger(UInt8(ascii: "\n"))
        buffer.writeRepeatingByte(UInt8(ascii: " "), count: indent)
    }

    /// A string; bytes that are not UTF-8 pass through.
    mutating func writeQuoted(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else {
            write("\"")
            write(bytes)
            return write("\"")
        }
        var text: [UInt8] = []
        JSONText.appendQuoted(bytes, to: &text)
        write(text)
    }

    mutating func writeDecimal(_ value: Float) {
        write(upTo: DecimalWriter.maximumLength) { DecimalWriter.write(value, to: $0) }
    }
}
