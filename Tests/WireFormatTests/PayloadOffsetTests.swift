import Testing

@testable import WireFormat

@Suite struct PayloadOffsetTests {
    private func offset(_ bytes: some Sequence<UInt8>) -> Int? {
        Array(bytes).withUnsafeBytes { PredictRequestDecoder.payloadOffset(inPrefix: $0) }
    }

    private let large = [UInt8](repeating: 0xab, count: 8192)

    @Test(arguments: [4, 5, 6, 9, 12] as [UInt64])
    func `the start of a large payload is found in the first bytes`(_ field: UInt64) throws {
        let request = WireBytes.request { $0.number(1, 1).shape([2048]).bytes(field, large) }
        let start = try #require(request.firstIndex(of: 0xab))
        #expect(offset(request) == start)
        #expect(offset(request.prefix(start)) == start)
        #expect(offset(request.prefix(start + 1)) == start)
        // Not before the payload's length is there.
        for length in 0..<start { #expect(offset(request.prefix(length)) == nil) }
    }

    @Test func `a large payload after small ones is found`() throws {
        let request = WireBytes().message(1) { $0.string(1, "m") }
            .message(2) { $0.string(1, "a").message(2) { $0.number(1, 1).floats(5, [1]) } }
            .number(40, 7)
            .message(2) { $0.string(1, "b").message(2) { $0.number(1, 1).bytes(4, large) } }
        #expect(offset(request.bytes.prefix(64)) == request.bytes.firstIndex(of: 0xab))
    }

    @Test func `what is decoded anyway does not count`() {
        #expect(offset(WireBytes.request { $0.bytes(7, large) }) == nil)
        #expect(offset(WireBytes.request { $0.bytes(8, large) }) == nil)
        #expect(offset(WireBytes.request { $0.floats(5, [1, 2, 3]) }) == nil)
        #expect(offset(WireBytes().bytes(9, large).bytes) == nil)
        #expect(offset([]) == nil)
        #expect(offset([0xff, 0xff, 0xff]) == nil)
    }
}
