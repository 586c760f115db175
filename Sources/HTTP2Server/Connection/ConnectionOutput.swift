import NIOCore

/// The frames that a connection has to send, in order: small ones side by side in one buffer, large payloads as
/// buffers of their own between.
struct ConnectionOutput {
    private static let initialCapacity = 4096
    /// A tail that grew larger is given back after use.
    private static let largestKept = 64 << 10

    private var full: [ByteBuffer] = []
    private var tail = ByteBufferAllocator().buffer(capacity: initialCapacity)
    private(set) var byteCount = 0

    var isEmpty: Bool { byteCount == 0 }

    /// Appends up to `bound` bytes that `write` puts at the pointer it gets; it returns how many it wrote.
    @inline(__always)
    mutating func append(bound: Int, _ write: (UnsafeMutableRawBufferPointer) -> Int) {
        byteCount &+= tail.writeWithUnsafeMutableBytes(minimumWritableBytes: bound, write)
    }

    mutating func append(frame header: FrameHeader, _ payload: UnsafeRawBufferPointer) {
        append(bound: FrameHeader.byteCount + payload.count) { target in
            header.write(to: target.baseAddress.unsafelyUnwrapped)
            UnsafeMutableRawBufferPointer(rebasing: target[FrameHeader.byteCount...]).copyMemory(from: payload)
            return FrameHeader.byteCount + payload.count
        }
    }

    /// Appends bytes without a copy.
    mutating func append(_ buffer: ByteBuffer) {
        byteCount += buffer.readableBytes
        if tail.readableBytes > 0 {
            full.append(tail)
            tail = ByteBufferAllocator().buffer(capacity: 256)
        }
        full.append(buffer)
    }

    /// Gives everything to `write` in order.
    mutating func drain(_ write: (ByteBuffer) -> Void) {
        if !full.isEmpty {
            for buffer in full { write(buffer) }
            full.removeAll(keepingCapacity: true)
        }
        if tail.readableBytes > 0 { write(tail) }
        byteCount = 0
        if tail.capacity > Self.largestKept {
            tail = ByteBufferAllocator().buffer(capacity: Self.initialCapacity)
        } else {
            // Takes new memory if the channel still holds the old one.
            tail.clear()
        }
    }
}
