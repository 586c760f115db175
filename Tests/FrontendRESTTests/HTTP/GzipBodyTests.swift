import NIOCore
import ServingPrimitives
import Testing

@testable import FrontendREST

@Suite struct GzipBodyTests {
    /// `{"instances": [1.0, 2.0]}` by Python's gzip module.
    static let compressed: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xAB, 0x56, 0xCA, 0xCC, 0x2B, 0x2E, 0x49, 0xCC,
        0x4B, 0x4E, 0x2D, 0x56, 0xB2, 0x52, 0x88, 0x36, 0xD4, 0x33, 0xD0, 0x51, 0x30, 0xD2, 0x33, 0x88, 0xAD, 0x05,
        0x00, 0x2C, 0x05, 0x5E, 0xFE, 0x19, 0x00, 0x00, 0x00,
    ]

    private func decompress(
        _ body: ByteBuffer,
        limit: Int = GzipBody.maximumByteCount,
        budget: MemoryBudget = MemoryBudget(limit: 1 << 30)
    ) throws(ServingError) -> ByteBuffer {
        try GzipBody.decompress(body, limit: limit, claim: MemoryClaim(budget))
    }

    @Test func `a gzip body is decompressed`() throws {
        #expect(try decompress(ByteBuffer(bytes: Self.compressed)) == ByteBuffer(string: #"{"instances": [1.0, 2.0]}"#))
    }

    @Test func `a body that is cut, damaged or no gzip is empty`() throws {
        for length in 0..<Self.compressed.count {
            #expect(try decompress(ByteBuffer(bytes: Self.compressed[..<length])).readableBytes == 0)
        }
        var damaged = Self.compressed
        damaged[damaged.count - 5] ^= 1
        #expect(try decompress(ByteBuffer(bytes: damaged)).readableBytes == 0)
        #expect(try decompress(ByteBuffer(string: "plain text")).readableBytes == 0)
    }

    @Test func `a body above the limit is empty`() throws {
        let body = ByteBuffer(bytes: Self.compressed)
        #expect(try decompress(body, limit: 25).readableBytes == 25)
        #expect(try decompress(body, limit: 24).readableBytes == 0)
    }

    @Test func `bodies count together until they are let go`() throws {
        let body = ByteBuffer(bytes: Self.compressed)
        // What a small body takes at first.
        let budget = MemoryBudget(limit: 20 << 10)
        do {
            let first = MemoryClaim(budget)
            #expect(try GzipBody.decompress(body, claim: first).readableBytes == 25)
            #expect(budget.claimedByteCount == 16 << 10)
            let error = #expect(throws: ServingError.self) { try decompress(body, budget: budget) }
            #expect(error?.code == .resourceExhausted)
            withExtendedLifetime(first) {}
        }
        #expect(budget.claimedByteCount == 0)
        #expect(try decompress(body, budget: budget).readableBytes == 25)
    }
}
