import Testing

@testable import HTTP2Server

struct HPACKEncoderTests {
    private let contentType = HTTP2HeaderField("content-type", "application/grpc")
    private let status = HTTP2HeaderField("grpc-status", "0")

    private func encode(_ encoder: inout HPACKEncoder, status: Int? = nil, _ fields: [HTTP2HeaderField]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xee, count: HPACKEncoder.bound(fields))
        let count = bytes.withUnsafeMutableBytes { encoder.encode(status: status, fields, to: $0) }
        return Array(bytes[..<count])
    }

    @Test func `fields that repeat cost one byte from the third time on`() throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        var lengths: [Int] = []
        for _ in 0..<3 {
            let headers = encode(&encoder, status: 200, [contentType])
            let trailers = encode(&encoder, [status])
            #expect(try decode(headers, &decoder) == [":status: 200", "content-type: application/grpc"])
            #expect(try decode(trailers, &decoder) == ["grpc-status: 0"])
            lengths += [headers.count, trailers.count]
        }
        #expect(lengths[4] == 2)
        #expect(lengths[5] == 1)
    }

    @Test(arguments: [200, 204, 206, 304, 400, 404, 500, 413, 503, 100]) func `every status decodes`(
        _ status: Int
    ) throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        #expect(try decode(encode(&encoder, status: status, []), &decoder) == [":status: \(status)"])
    }

    @Test func `a field that comes once does not enter the table`() throws {
        var encoder = HPACKEncoder()
        for number in 0..<100 {
            var fresh = HPACKDecoder()
            let block = encode(&encoder, [HTTP2HeaderField("grpc-message", "fault \(number)")])
            // A decoder that saw nothing before understands it.
            #expect(try decode(block, &fresh) == ["grpc-message: fault \(number)"])
            #expect(throws: HPACKError.self) { try decode("be", &fresh) }
        }
    }

    @Test(arguments: [0, 33, 70, 100, 4096, 100_000]) func `the peer's table size is respected`(_ size: Int) throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        for _ in 0..<3 { #expect(try decode(encode(&encoder, [contentType, status]), &decoder).count == 2) }
        encoder.setPeerTableByteCount(size)
        let block = encode(&encoder, [contentType, status])
        if size < 4096 {
            #expect(block[0] == 0x20, "the table is emptied first")
        } else {
            #expect(block.count == 2, "nothing has to change")
        }
    }

    @Test(arguments: [0, 33, 70, 100]) func `after a change of size both sides agree`(_ size: Int) throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        let expected = ["content-type: application/grpc", "grpc-status: 0"]
        for round in 0..<10 {
            if round == 4 { encoder.setPeerTableByteCount(size) }
            if round == 7 { encoder.setPeerTableByteCount(4096) }
            #expect(try decode(encode(&encoder, [contentType, status]), &decoder) == expected)
        }
    }

    @Test func `many and long fields stay within the table`() throws {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        for round in 0..<200 {
            let fields = [
                HTTP2HeaderField("name-\(round / 2)", "value"),
                HTTP2HeaderField("long", String(repeating: "x", count: 300)),
                HTTP2HeaderField("server", "\(round % 3)"),
                HTTP2HeaderField("empty", ""),
            ]
            #expect(try decode(encode(&encoder, fields), &decoder) == fields.map { "\($0.name): \($0.value)" })
        }
    }
}
