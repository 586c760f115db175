import Testing

@testable import HTTP2Server

/// The examples of RFC 7541, appendix C, and what a hostile peer may send.
struct HPACKDecoderTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var name: String
        var blocks: [(hex: String, fields: [String])]
        var testDescription: String { name }
    }

    static let examples = [
        Example(
            name: "C.2.1 literal with indexing",
            blocks: [("400a637573746f6d2d6b65790d637573746f6d2d686561646572", ["custom-key: custom-header"])]
        ),
        Example(
            name: "C.2.2 literal without indexing",
            blocks: [("040c2f73616d706c652f70617468", [":path: /sample/path"])]
        ),
        Example(
            name: "C.2.3 literal never indexed",
            blocks: [("100870617373776f726406736563726574", ["password: secret"])]
        ),
        Example(name: "C.2.4 indexed", blocks: [("82", [":method: GET"])]),
        Example(
            name: "C.3 requests without Huffman",
            blocks: [
                (
                    "828684410f7777772e6578616d706c652e636f6d",
                    [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"]
                ),
                (
                    "828684be58086e6f2d6361636865",
                    [
                        ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com",
                        "cache-control: no-cache",
                    ]
                ),
                (
                    "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
                    [
                        ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com",
                        "custom-key: custom-value",
                    ]
                ),
            ]
        ),
        Example(
            name: "C.4 requests with Huffman",
            blocks: [
                (
                    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
                    [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"]
                ),
                (
                    "828684be5886a8eb10649cbf",
                    [
                        ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com",
                        "cache-control: no-cache",
                    ]
                ),
                (
                    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
                    [
                        ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com",
                        "custom-key: custom-value",
                    ]
                ),
            ]
        ),
    ]

    @Test(arguments: examples) func `examples of the RFC decode to their fields`(_ example: Example) throws {
        var decoder = HPACKDecoder()
        for block in example.blocks { #expect(try decode(block.hex, &decoder) == block.fields) }
    }

    static let date = "date: Mon, 21 Oct 2013 20:13:21 GMT"
    static let cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
    static let location = "location: https://www.example.com"

    /// Appendices C.5 and C.6 set the table to 256 bytes, so that entries are evicted.
    static let evicting = [
        Example(
            name: "C.5 responses without Huffman",
            blocks: [
                (
                    "3fe101"
                        + "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768"
                        + "747470733a2f2f7777772e6578616d706c652e636f6d",
                    [":status: 302", "cache-control: private", date, location]
                ),
                ("4803333037c1c0bf", [":status: 307", "cache-control: private", date, location]),
                (
                    "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d415344"
                        + "4a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e"
                        + "3d31",
                    [
                        ":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT", location,
                        "content-encoding: gzip", cookie,
                    ]
                ),
            ]
        ),
        Example(
            name: "C.6 responses with Huffman",
            blocks: [
                (
                    "3fe101"
                        + "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97"
                        + "c8e9ae82ae43d3",
                    [":status: 302", "cache-control: private", date, location]
                ),
                ("4883640effc1c0bf", [":status: 307", "cache-control: private", date, location]),
                (
                    "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b39"
                        + "60d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
                    [
                        ":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT", location,
                        "content-encoding: gzip", cookie,
                    ]
                ),
            ]
        ),
    ]

    @Test(arguments: evicting) func `entries are evicted as the RFC's examples show`(_ example: Example) throws {
        var decoder = HPACKDecoder()
        for block in example.blocks { #expect(try decode(block.hex, &decoder) == block.fields) }
        // The table holds cookie, content-encoding and date now, and nothing behind them.
        let table = [Self.cookie, "content-encoding: gzip", "date: Mon, 21 Oct 2013 20:13:22 GMT"]
        #expect(try decode("bebfc0", &decoder) == table)
        #expect(throws: HPACKError.self) { try decode("c1", &decoder) }
    }

    @Test(arguments: [
        ("80", "index 0"),
        ("be", "an index beyond the empty dynamic table"),
        ("ffffffff7f", "an index beyond everything"),
        ("7fbe", "the index of a name without its end"),
        ("40", "a literal without its name"),
        ("4003", "a name without its bytes"),
        ("400161", "a literal without its value"),
        ("40016105", "a value without its bytes"),
        ("ffffffffffffffffff0f", "an integer without bounds"),
        ("3fe21f", "a table size of 4097"),
        ("8220", "a table size update after a field"),
        ("418cf1e3c2e5f23a6ba0ab90f4fe", "a Huffman string whose padding is not all ones"),
        ("4181ff", "a Huffman string of eight bits of padding"),
        ("4184ffffffff", "a Huffman string with EOS"),
    ])
    func `broken blocks are refused`(_ hex: String, _ what: String) {
        var decoder = HPACKDecoder()
        #expect(throws: HPACKError.self, "\(what)") { try decode(hex, &decoder) }
    }

    @Test func `every cut of a block is either whole or refused`() throws {
        let whole = bytes("828684418cf1e3c2e5f23a6ba0ab90f4ff5886a8eb10649cbf")
        let boundaries = [0, 1, 2, 3, 17, 25]
        for length in 0...whole.count {
            var decoder = HPACKDecoder()
            let result = Result { try decode(Array(whole[..<length]), &decoder) }
            #expect(((try? result.get()) != nil) == boundaries.contains(length), "cut at \(length)")
        }
    }

    @Test func `a field larger than the table empties it`() throws {
        var decoder = HPACKDecoder()
        #expect(try decode("3f11" + "400161" + "0162", &decoder) == ["a: b"])
        #expect(try decode("be", &decoder) == ["a: b"])
        // 32 + 1 + 16 bytes do not fit in 48.
        #expect(try decode("400163" + "10" + String(repeating: "78", count: 16), &decoder).count == 1)
        #expect(throws: HPACKError.self) { try decode("be", &decoder) }
    }

    @Test func `the ring keeps its order while it grows and wraps`() throws {
        var decoder = HPACKDecoder()
        for round in 0..<300 {
            let value = "v\(round)"
            _ = try decode(indexedBlock([("name", value)]), &decoder)
            #expect(try decode("be", &decoder) == ["name: \(value)"])
            // 4096 bytes hold 102 entries of 40 bytes and less of longer ones; look some way back.
            let back = min(round, 60)
            #expect(try decode([0x80 | UInt8(62 + back)], &decoder) == ["name: v\(round - back)"])
        }
    }

    @Test func `a remembered value is told from one that only looks alike`() throws {
        var decoder = HPACKDecoder()
        let values = ["abcdefghijklmnop", "abcdefghijklmnop", "bacdefghijklmnop", "abcdefghijklmnop"]
        for value in values { #expect(try decode(block([("n", value)]), &decoder) == ["n: \(value)"]) }
        // The same bytes as a plain string and as a Huffman string.
        let code = bytes("f1e3c2e5f23a6ba0ab90f4ff")
        #expect(try decode([0x01, 0x8c] + code, &decoder) == [":authority: www.example.com"])
        let plain = try decode([0x01, 0x0c] + code, &decoder)
        #expect(plain != [":authority: www.example.com"])
    }
}

func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
    }
}

func decode(_ hex: String, _ decoder: inout HPACKDecoder) throws -> [String] { try decode(bytes(hex), &decoder) }

func decode(_ block: [UInt8], _ decoder: inout HPACKDecoder) throws -> [String] {
    var fields: [String] = []
    try block.withUnsafeBytes { block throws in try decoder.decode(block) { fields.append("\($0.name): \($0.value)") } }
    return fields
}
