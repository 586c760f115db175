import CZlib
import NIOCore

/// Request bodies with `Content-Encoding: gzip`.
enum GzipBody {
    /// TensorFlow Serving's limit of a decompressed body.
    static let maximumByteCount = 100 << 20

    /// The decompressed body; empty when `body` is no gzip data, is cut short or grows above the limit: TensorFlow
    /// Serving then goes on with an empty body, too.
    static func decompress(_ body: ByteBuffer, limit: Int = maximumByteCount) -> ByteBuffer {
        var stream = z_stream()
        // 16 asks for the gzip format.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(&stream, 16 + MAX_WBITS, ZLIB_VERSION, size) == Z_OK else { return ByteBuffer() }
        defer { inflateEnd(&stream) }
        var result = ByteBuffer()
        var body = body
        let isComplete = body.readWithUnsafeMutableReadableBytes { source -> (Int, Bool) in
            stream.next_in = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.avail_in = UInt32(clamping: source.count)
            return (source.count, inflateAll(&stream, into: &result, limit: limit))
        }
        return isComplete ? result : ByteBuffer()
    }

    private static func inflateAll(_ stream: inout z_stream, into result: inout ByteBuffer, limit: Int) -> Bool {
        while true {
            let room = min(max(result.readableBytes, 16 << 10), 4 << 20)
            var status = Z_OK
            result.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
                let size = min(target.count, 4 << 20)
                stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.avail_out = UInt32(size)
                status = inflate(&stream, Z_NO_FLUSH)
                return size - Int(stream.avail_out)
            }
            guard result.readableBytes <= limit else { return false }
            if status == Z_STREAM_END { return true }
            // Without an error, output stops for want of room (go on) or for want of input (cut short).
            guard status == Z_OK, stream.avail_out == 0 || stream.avail_in > 0 else { return false }
        }
    }
}
