import CZlib
import ServingPrimitives

/// Writes gzip files.
enum Gzip {
    private static let chunkByteCount = 1 << 16

    static func compress(_ bytes: [UInt8]) throws(ServingError) -> [UInt8] {
        var stream = z_stream()
        // 16 asks for the gzip format; 8 is zlib's own choice of memory.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard
            deflateInit2_(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        else { throw .internalError("zlib cannot start to compress") }
        defer { deflateEnd(&stream) }
        var output: [UInt8] = []
        var rest = bytes[...]
        var status = Z_OK
        while status != Z_STREAM_END {
            let input = rest.prefix(chunkByteCount)
            rest = rest.dropFirst(input.count)
            status = deflate(input, isLast: rest.isEmpty, &stream, &output)
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
                throw .internalError("zlib fails to compress: \(status)")
            }
        }
        return output
    }

    /// Compresses all of `input`; to the end of the stream when it is the last.
    private static func deflate(
        _ input: ArraySlice<UInt8>,
        isLast: Bool,
        _ stream: inout z_stream,
        _ output: inout [UInt8]
    ) -> Int32 {
        var input = Array(input)
        return input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            var status = Z_OK
            repeat {
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkByteCount) { chunk in
                    stream.next_out = chunk.baseAddress
                    stream.avail_out = UInt32(chunk.count)
                    status = CZlib.deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    output += chunk[..<(chunk.count - Int(stream.avail_out))]
                }
            } while status == Z_OK && stream.avail_out == 0 || status == Z_OK && isLast
            return status
        }
    }
}
