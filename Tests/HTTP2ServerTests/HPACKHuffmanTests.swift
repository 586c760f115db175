import Testing

@testable import HTTP2Server

struct HPACKHuffmanTests {
    /// The code by the rule of canonical codes, worked out apart from the decoder's tables.
    private static let codes: [(code: UInt64, length: Int)] = {
        let order = HPACKHuffman.lengths.enumerated().sorted { ($0.element, $0.offset) < ($1.element, $1.offset) }
        var codes = [(code: UInt64, length: Int)](repeating: (0, 0), count: 257)
        var code: UInt64 = 0
        var length = Int(order[0].element)
        for (symbol, symbolLength) in order {
            code <<= UInt64(Int(symbolLength) - length)
            length = Int(symbolLength)
            codes[symbol] = (code, length)
            code += 1
        }
        return codes
    }()

    private func encode(_ symbols: [Int]) -> [UInt8] {
        var bits = symbols.flatMap { symbol in
            let (code, length) = Self.codes[symbol]
            return (0..<length).map { code >> UInt64(length - 1 - $0) & 1 == 1 }
        }
        while bits.count % 8 != 0 { bits.append(true) }
        return stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<start + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }

    private func decode(_ bytes: [UInt8]) throws -> [UInt8] {
        var output: [UInt8] = []
        try bytes.withUnsafeBytes { bytes throws in try HPACKHuffman.shared.decode(bytes, into: &output) }
        return output
    }

    @Test func `the code is the one of the RFC where it was looked up by hand`() {
        #expect(Self.codes[0] == (0x1ff8, 13))
        #expect(Self.codes[48] == (0x0, 5))
        #expect(Self.codes[97] == (0x3, 5))
        #expect(Self.codes[92] == (0x7fff0, 19))
        #expect(Self.codes[255] == (0x3ffffee, 26))
        #expect(Self.codes[249] == (0xffffffe, 28))
        #expect(Self.codes[256] == (0x3fff_ffff, 30))
    }

    @Test func `every symbol decodes alone and between others`() throws {
        for symbol in 0..<256 {
            #expect(try decode(encode([symbol])) == [UInt8(symbol)])
            #expect(try decode(encode([97, symbol, 48, symbol, 10])) == [97, UInt8(symbol), 48, UInt8(symbol), 10])
        }
    }

    @Test func `random strings survive`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let text = (0..<Int.random(in: 0...70)).map { _ in Int(UInt8.random(in: 0...255, using: &generator)) }
            #expect(try decode(encode(text)) == text.map(UInt8.init))
        }
    }

    @Test(arguments: 0...7) func `padding of up to seven ones is accepted`(_ count: Int) throws {
        // 'a' has five bits, '0' too, 't' six: combinations give every remainder.
        let texts = ["", "aaa", "tttta", "taa", "aaaa", "t", "tt", "a"]
        let text = Array(texts[count].utf8)
        #expect(try decode(encode(text.map(Int.init))) == text)
    }

    @Test(
        arguments: [
            [0xff], [0xff, 0xff], [0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], [0x18], [0x1f, 0xff], [0x1e], [0xfe],
        ] as [[UInt8]]
    )
    func `other padding is refused`(_ bytes: [UInt8]) {
        #expect(throws: HPACKError.self) { try decode(bytes) }
    }
}
