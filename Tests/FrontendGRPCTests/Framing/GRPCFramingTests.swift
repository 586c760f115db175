import ServingPrimitives
import Testing

@testable import FrontendGRPC

struct GRPCFramingTests {
    private func read(_ body: [UInt8], maximum: Int = 1000) throws(ServingError) -> GRPCFraming.Prefix {
        let result = body.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in try GRPCFraming.soleMessagePrefix(of: bytes, maximumByteCount: maximum)
            }
        }
        return try result.get()
    }

    @Test(
        arguments: [
            ([0, 0, 0, 0, 0], false, 0), ([0, 0, 0, 0, 2, 7, 8], false, 2), ([1, 0, 0, 0, 1, 9], true, 1),
        ] as [([UInt8], Bool, Int)]
    )
    func `one whole message is accepted`(_ body: [UInt8], _ isCompressed: Bool, _ byteCount: Int) throws {
        let prefix = try read(body)
        #expect(prefix.isCompressed == isCompressed)
        #expect(prefix.messageByteCount == byteCount)
    }

    @Test(
        arguments: [
            ([], .internal, "the request body has 0 bytes"),
            ([0, 0, 0], .internal, "the request body has 3 bytes"),
            ([0, 0, 0, 0, 3, 1], .internal, "states 3 bytes, but only 1 bytes came"),
            ([2, 0, 0, 0, 0], .internal, "flag of 0 or 1 before the request message, got 2"),
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .unimplemented, "exactly one request message of 0 bytes, but 5 more"),
            ([0, 0, 0, 0, 1, 9, 0], .unimplemented, "exactly one request message of 1 bytes, but 1 more"),
            ([0, 0, 0, 3, 0xE9], .resourceExhausted, "SERVER: Received message larger than max (1001 vs. 1000)"),
            ([0, 255, 255, 255, 255], .resourceExhausted, "(4294967295 vs. 1000)"),
        ] as [([UInt8], CanonicalCode, String)]
    )
    func `anything else is refused with what was wrong`(_ body: [UInt8], _ code: CanonicalCode, _ text: String) {
        let error = #expect(throws: ServingError.self) { try read(body) }
        #expect(error?.code == code)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }

    @Test func `a written prefix reads back`() {
        var bytes: [UInt8] = [9, 9, 9, 9, 9]
        bytes.withUnsafeMutableBytes { GRPCFraming.writePrefix(messageByteCount: 0x0102_0304, into: $0) }
        #expect(bytes == [0, 1, 2, 3, 4])
        let prefix = bytes.withUnsafeBytes { GRPCFraming.Prefix($0) }
        #expect(prefix?.flag == 0)
        #expect(prefix?.messageByteCount == 0x0102_0304)
    }
}
