/// The Huffman code of RFC 7541, appendix B.
///
/// The code is canonical: codes of one length are consecutive and ordered by symbol, so that the table of lengths says
/// everything. Codes of up to `rootBits` bits are decoded by one look-up, longer ones by a search over lengths.
struct HPACKHuffman {
    static let shared = HPACKHuffman()

    private static let rootBits = 10
    private static let maximumLength = 30
    private static let endOfString = 256

    /// By the next ten bits: symbol << 8 | length; 0 for the prefix of a longer code.
    private let root: [UInt16]
    /// By code length: the first code of it, how many there are, and where their symbols start in `symbols`.
    private let firstCode: [UInt32]
    private let codeCount: [UInt32]
    private let symbolStart: [Int]
    private let symbols: [UInt16]

    private init() {
        var firstCode = [UInt32](repeating: 0, count: Self.maximumLength + 1)
        var codeCount = firstCode
        var symbolStart = [Int](repeating: 0, count: Self.maximumLength + 1)
        var symbols: [UInt16] = []
        var root = [UInt16](repeating: 0, count: 1 << Self.rootBits)
        var code: UInt32 = 0
        for length in 1...Self.maximumLength {
            code <<= 1
            firstCode[length] = code
            symbolStart[length] = symbols.count
            for (symbol, symbolLength) in Self.lengths.enumerated() where Int(symbolLength) == length {
                symbols.append(UInt16(symbol))
                codeCount[length] += 1
                if length <= Self.rootBits {
                    let free = Self.rootBits - length
                    for tail in 0..<(1 << free) {
                        root[Int(code) << free | tail] = UInt16(symbol) << 8 | UInt16(length)
                    }
                }
                code += 1
            }
        }
        self.root = root
        self.firstCode = firstCode
        self.codeCount = codeCount
        self.symbolStart = symbolStart
        self.symbols = symbols
    }

    /// Appends the decoded bytes to `output`. Throws on a code for EOS and on padding that is longer than seven bits
    /// or not all ones.
    func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(HPACKError) {
        var window: UInt64 = 0  // the bits not yet decoded, right-aligned
        var bitCount = 0
        var position = 0
        while true {
            while bitCount <= 56, position < bytes.count {
                window = window << 8 | UInt64(bytes[position])
                bitCount += 8
                position += 1
            }
            if bitCount == 0 { return }
            // The next bits, left-aligned in 30; missing ones are filled with ones, as padding is.
            let next = Self.leading(window, bitCount)
            let entry = root[Int(next >> UInt32(Self.maximumLength - Self.rootBits))]
            var length = Int(entry & 0xff)
            var symbol = Int(entry >> 8)
            if length == 0 { (symbol, length) = longCode(next) }
            if length > bitCount {
                return try Self.checkPadding(window, bitCount)
            }
            if symbol == Self.endOfString { throw HPACKError(reason: "a Huffman-coded string contains EOS") }
            output.append(UInt8(truncatingIfNeeded: symbol))
            bitCount -= length
        }
    }

    private func longCode(_ next: UInt32) -> (symbol: Int, length: Int) {
        for length in (Self.rootBits + 1)...Self.maximumLength {
            let code = next >> UInt32(Self.maximumLength - length)
            if code >= firstCode[length], code - firstCode[length] < codeCount[length] {
                return (Int(symbols[symbolStart[length] + Int(code - firstCode[length])]), length)
            }
        }
        // The code is complete: every 30 bits start with one of its words.
        preconditionFailure("the Huffman code is not complete")
    }

    @inline(__always)
    private static func leading(_ window: UInt64, _ bitCount: Int) -> UInt32 {
        let mask: UInt64 = 0x3fff_ffff
        if bitCount >= maximumLength {
            return UInt32(truncatingIfNeeded: window >> UInt64(bitCount - maximumLength) & mask)
        }
        let missing = UInt64(maximumLength - bitCount)
        return UInt32(truncatingIfNeeded: (window << missing | (1 << missing - 1)) & mask)
    }

    private static func checkPadding(_ window: UInt64, _ bitCount: Int) throws(HPACKError) {
        let mask = (UInt64(1) << UInt64(bitCount)) - 1
        guard bitCount <= 7, window & mask == mask else {
            throw HPACKError(reason: "a Huffman-coded string ends in bad padding")
        }
    }

    /// Code lengths by symbol; the last one is EOS.
    static let lengths: [UInt8] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
        28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
        6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
        21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ]
}
