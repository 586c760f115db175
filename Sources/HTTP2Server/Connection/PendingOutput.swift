import NIOCore

/// A response's bytes that wait for flow control, and its end.
struct PendingOutput {
    private var buffers: [ByteBuffer] = []
    private var firstBuffer = 0
    private(set) var byteCount = 0
    /// The response ends after the bytes.
    private(set) var trailers: [HTTP2HeaderField]?

    var isEmpty: Bool { byteCount == 0 && trailers == nil }

    mutating func append(_ data: ByteBuffer) {
        byteCount += data.readableBytes
        buffers.append(data)
    }

    mutating func end(with trailers: [HTTP2HeaderField]) { self.trailers = trailers }

    /// Takes the next `length` bytes, which are there, piece by piece.
    mutating func take(_ length: Int, _ emit: (ByteBuffer) -> Void) {
        var left = length
        while left > 0 {
            var piece = buffers[firstBuffer]
            let taken = min(left, piece.readableBytes)
            // Indices are moved, not a slice taken: NIO copies slices that start beyond 16 MiB.
            if taken == piece.readableBytes {
                buffers[firstBuffer] = ByteBuffer()
                firstBuffer += 1
            } else {
                buffers[firstBuffer].moveReaderIndex(forwardBy: taken)
                piece.moveWriterIndex(to: piece.readerIndex + taken)
            }
            emit(piece)
            left -= taken
        }
        byteCount -= length
        if byteCount == 0 {
            buffers.removeAll(keepingCapacity: true)
            firstBuffer = 0
        }
    }
}
