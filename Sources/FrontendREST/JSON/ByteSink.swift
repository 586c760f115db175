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
}
