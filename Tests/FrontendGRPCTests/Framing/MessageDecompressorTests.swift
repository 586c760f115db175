import CZlib
import NIOCore
import ServingPrimitives
import Testing

@testable import FrontendGRPC

struct MessageDecompressorTests {
    private func inflate(
        _ bytes: [UInt8],
        _ encoding: MessageEncoding,
        maximum: Int = 1 << 20
    ) throws(ServingError) -> [UInt8] {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in
                try MessageDecompressor.decompress(bytes, encoding: encoding, maximumByteCount: maximum)
            }
        }
        return Array(buffer: try result.get())
    }

    @Test(arguments: [MessageEncoding.gzip, .deflate], [0, 1, 1000, 100_000, 1 << 20])
    func `what was compressed comes back`(_ encoding: MessageEncoding, _ byteCount: Int) throws {
        let message = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        #expect(try inflate(compress(message, encoding), encoding) == message)
    }

    @Test func `a message one byte above the limit is refused`() throws {
        let compressed = compress([UInt8](repeating: 0, count: 5000), .gzip)
        #expect(try inflate(compressed, .gzip, maximum: 5000).count == 5000)
        let error = #expect(throws: ServingError.self) { try inflate(compressed, .gzip, maximum: 4999) }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message == "Decompressed message larger than max (4999 bytes)")
    }

    @Test func `damaged input is an internal error`() {
        let whole = compress(Array("hello hello hello".utf8), .gzip)
        var damaged = whole
        damaged[damaged.count - 8] ^= 1
        let cases: [([UInt8], MessageEncoding, String)] = [
            (Array("garbage".utf8), .gzip, "Decompression failed due to zlib error"),
            (whole, .deflate, "Decompression failed due to zlib error"),
            (damaged, .gzip, "Decompression failed due to zlib error"),
            (Array(whole.dropLast(4)), .gzip, "Decompression failed due to data error"),
            ([], .gzip, "Decompression failed due to data error"),
            (whole + [1], .gzip, "Decompression failed due to not all input consumed"),
            (whole, .identity, "Compression bit set but no encoding configured"),
        ]
        for (bytes, encoding, text) in cases {
            let error = #expect(throws: ServingError.self) { try inflate(bytes, encoding) }
            #expect(error?.code == .internal)
            #expect(error?.message.hasPrefix(text) == true, "\(error?.message ?? "")")
        }
    }
}

/// Compresses as a client does.
func compress(_ message: [UInt8], _ encoding: MessageEncoding) -> [UInt8] {
    var stream = z_stream()
    let windowBits: Int32 = encoding == .gzip ? 31 : 15
    deflateInit2_(
        &stream,
        Z_DEFAULT_COMPRESSION,
        Z_DEFLATED,
        windowBits,
        8,
        Z_DEFAULT_STRATEGY,
        ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)
    )
    defer { deflateEnd(&stream) }
    var message = message
    let capacity = Int(deflateBound(&stream, UInt(message.count)))
    return [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
        message.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            deflate(&stream, Z_FINISH)
        }
        count = capacity - Int(stream.avail_out)
    }
}
