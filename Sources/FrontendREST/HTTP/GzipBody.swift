import CZlib
package import NIOCore
package import ServingPrimitives

/// Request bodies with `Content-Encoding: gzip`.
package enum GzipBody {
    /// TensorFlow Serving's limit of a decompressed body.
    package static let maximumByteCount = 100 << 20

    /// The decompressed body; empty when `body` is no gzip data, is cut short or grows above the limit: TensorFlow
    /// Serving then goes on with an empty body, too.
    ///
    /// - Parameter claim: what the memory is counted in, as it is needed.
    /// - Throws: `RESOURCE_EXHAUSTED` when the bodies of all requests together have become too large.
    package static func decompress(
        _ body: ByteBuffer,
        limit: Int = maximumByteCount,
        claim: MemoryClaim
    ) throws(ServingError) -> ByteBuffer {
        var stream = z_stream()
        // 16 asks for the gzip format.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(&stream, 16 + MAX_WBITS, ZLIB_VERSION, size) == Z_OK else { return ByteBuffer() }
        defer { inflateEnd(&stream) }
        var result = ByteBuffer()
        var body = body
        let isComplete = body.readWithUnsafeMutableReadableBytes { source -> (Int, Result<Bool, ServingError>) in
            stream.next_in = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.avail_in = UInt32(clamping: source.count)
            let isComplete = Result { () throws(ServingError) in
                try inflateAll(&stream, into: &result, limit: limit, claim: claim)
            }
            return (source.count, isComplete)
        }
        return try isComplete.get() ? result : ByteBuffer()
    }

    private static func inflateAll(
        _ stream: inout z_stream,
        into result: inout ByteBuffer,
        limit: Int,
        claim: MemoryClaim
    ) throws(ServingError) -> Bool {
        while true {
            let room = min(max(result.readableBytes, 16 << 10), 4 << 20)
            var status = Z_OK
            try claim.grow(to: result.readableBytes + room)
            result.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
                stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.avail_out = UInt32(room)
                status = inflate(&stream, Z_NO_FLUSH)
                return room - Int(stream.avail_out)
            }
            guard result.readableBytes <= limit else { return false }
            if status == Z_STREAM_END { return true }
            // Without an error, output stops for want of room (go on) or for want of input (cut short).
            guard status == Z_OK, stream.avail_out == 0 || stream.avail_in > 0 else { return false }
        }
    }
}
