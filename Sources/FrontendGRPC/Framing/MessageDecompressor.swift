import CZlib
package import NIOCore
package import ServingPrimitives

/// Inflates one compressed message.
package enum MessageDecompressor {
    /// The message inside `compressed`.
    ///
    /// Memory is claimed as output really comes, so that a short message cannot ask for much more than it expands to.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` when there are more than `maximumByteCount` bytes in it, `INTERNAL` when it is not
    ///   one complete stream of that encoding. Texts start as gRPC core's do.
    package static func decompress(
        _ compressed: UnsafeRawBufferPointer,
        encoding: MessageEncoding,
        maximumByteCount: Int
    ) throws(ServingError) -> ByteBuffer {
        var stream = z_stream()
        guard inflateInit2_(&stream, try windowBits(encoding), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw ServingError(.resourceExhausted, "Decompression failed: no memory for its state") }
        defer { inflateEnd(&stream) }
        var input = Input(rest: compressed)
        // A guess at the usual ratio for a start; `reserve` doubles from there.
        var output = ByteBuffer()
        output.reserveCapacity(min(max(compressed.count &* 2, 1024), maximumByteCount, 1 << 20))
        while true {
            input.refill(&stream)
            let status = try inflateSome(&stream, into: &output, maximumByteCount: maximumByteCount)
            switch status {
            case Z_STREAM_END:
                guard stream.avail_in == 0, input.rest.isEmpty else {
                    throw .internalError("Decompression failed due to not all input consumed")
                }
                return output
            case Z_OK:
                continue
            case Z_BUF_ERROR where stream.avail_in == 0 && input.rest.isEmpty:
                throw .internalError("Decompression failed due to data error: the compressed message is truncated")
            case Z_BUF_ERROR:
                continue
            default:
                let reason = stream.msg.map { ": " + String(cString: $0) } ?? ""
                throw .internalError("Decompression failed due to zlib error" + reason)
            }
        }
    }

    /// What zlib has not been given yet: it counts input in 32 bits.
    private struct Input {
        var rest: UnsafeRawBufferPointer

        mutating func refill(_ stream: inout z_stream) {
            guard stream.avail_in == 0, !rest.isEmpty else { return }
            let count = min(rest.count, Int(UInt32.max))
            // zlib's C signature lacks `const`; it does not write to its input.
            stream.next_in = UnsafeMutablePointer(mutating: rest.assumingMemoryBound(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(count)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    /// Runs zlib once, with room for at least one byte more than may come so that "too much" is seen.
    private static func inflateSome(
        _ stream: inout z_stream,
        into output: inout ByteBuffer,
        maximumByteCount: Int
    ) throws(ServingError) -> Int32 {
        if output.writableBytes == 0 { output.reserveCapacity(minimumWritableBytes: max(output.readableBytes, 1024)) }
        var status = Z_OK
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { target in
            let room = min(target.count, maximumByteCount &+ 1, Int(UInt32.max))
            stream.next_out = target.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(room)
            status = inflate(&stream, Z_NO_FLUSH)
            return room - Int(stream.avail_out)
        }
        guard output.readableBytes <= maximumByteCount else {
            throw ServingError(
                .resourceExhausted,
                "Decompressed message larger than max (\(maximumByteCount) bytes)"
            )
        }
        return status
    }

    private static func windowBits(_ encoding: MessageEncoding) throws(ServingError) -> Int32 {
        switch encoding {
        case .gzip: 15 + 16
        case .deflate: 15
        case .identity: throw .internalError("Compression bit set but no encoding configured")
        }
    }
}
