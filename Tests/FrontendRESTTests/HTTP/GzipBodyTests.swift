import NIOCore
import Testing

@testable import FrontendREST

@Suite struct GzipBodyTests {
    /// `{"instances": [1.0, 2.0]}` by Python's gzip module.
    static let compressed: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xAB, 0x56, 0xCA, 0xCC, 0x2B, 0x2E, 0x49, 0xCC,
        0x4B, 0x4E, 0x2D, 0x56, 0xB2, 0x52, 0x88, 0x36, 0xD4, 0x33, 0xD0, 0x51, 0x30, 0xD2, 0x33, 0x88, 0xAD, 0x05,
        0x00, 0x2C, 0x05, 0x5E, 0xFE, 0x19, 0x00, 0x00, 0x00,
    ]

    @Test func `a gzip body is decompressed`() {
        #expect(
            GzipBody.decompress(ByteBuffer(bytes: Self.compressed)) == ByteBuffer(string: #"{"instances": [1.0, 2.0]}"#)
        )
    }

    @Test func `a body that is cut, damaged or no gzip is empty`() {
        for length in 0..<Self.compressed.count {
            #expect(GzipBody.decompress(ByteBuffer(bytes: Self.compressed[..<length])).readableBytes == 0)
        }
        var damaged = Self.compressed
        damaged[damaged.count - 5] ^= 1
        #expect(GzipBody.decompress(ByteBuffer(bytes: damaged)).readableBytes == 0)
        #expect(GzipBody.decompress(ByteBuffer(string: "plain text")).readableBytes == 0)
    }

    @Test func `a body above the limit is empty`() {
        let body = ByteBuffer(bytes: Self.compressed)
        #expect(GzipBody.decompress(body, limit: 25).readableBytes == 25)
        #expect(GzipBody.decompress(body, limit: 24).readableBytes == 0)
    }
}
