/// A string inside a JSON document: the bytes between its quotes, checked but not decoded.
struct JSONString {
    let start: UnsafePointer<UInt8>
    let count: Int
    let hasEscapes: Bool

    var rawBytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }

    /// Hands out the string's content, which lies in the document itself unless it has escapes.
    func withBytes<R, E: Error>(_ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R) throws(E) -> R {
        guard hasEscapes else { return try body(rawBytes) }
        let decoded = unescaped()
        let content = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: decoded.count)
        defer { content.deallocate() }
        _ = content.initialize(from: decoded)
        return try body(UnsafeBufferPointer(content))
    }

    /// The content as text; invalid UTF-8 is repaired.
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    func equals(_ name: StaticString) -> Bool {
        equals(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    func equals(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !hasEscapes else { return withBytes { $0.elementsEqual(name) } }
        guard count == name.count else { return false }
        for index in 0..<count where start[index] != name[index] { return false }
        return true
    }

    /// Escapes replaced. `\u0000` becomes a NUL byte; a low surrogate on its own becomes the three bytes that encode
    /// it, as in RapidJSON.
    func unescaped() -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            let byte = start[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            let kind = start[index]
            index += 1
            switch kind {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"): index += Self.appendCodePoint(at: start + index, to: &result)
            default: result.append(kind)
            }
        }
        return result
    }

    /// At the first of a `\u` escape's hex digits; returns how many bytes the escape (or pair of escapes) has more.
    private static func appendCodePoint(at digits: UnsafePointer<UInt8>, to result: inout [UInt8]) -> Int {
        // Checked when the string was scanned: four digits follow, and a high surrogate has its pair.
        var code = hex4(digits) ?? 0
        var length = 4
        if (0xD800...0xDBFF).contains(code) {
            code = 0x10000 + (code - 0xD800) << 10 + (hex4(digits + 6) ?? 0xDC00) - 0xDC00
            length = 10
        }
        switch code {
        case ..<0x80: result.append(UInt8(code))
        case ..<0x800: result += [0xC0 | UInt8(code >> 6), 0x80 | UInt8(code & 0x3F)]
        case ..<0x10000:
            result += [0xE0 | UInt8(code >> 12), 0x80 | UInt8(code >> 6 & 0x3F), 0x80 | UInt8(code & 0x3F)]
        default:
            result += [
                0xF0 | UInt8(code >> 18), 0x80 | UInt8(code >> 12 & 0x3F), 0x80 | UInt8(code >> 6 & 0x3F),
                0x80 | UInt8(code & 0x3F),
            ]
        }
        return length
    }

    /// The value of four hex digits; `nil` when one is none.
    static func hex4(_ digits: UnsafePointer<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for index in 0..<4 {
            switch digits[index] {
            case let digit where digit &- 0x30 < 10: value = value << 4 | UInt32(digit &- 0x30)
            case let digit where (digit | 0x20) &- 0x61 < 6: value = value << 4 | UInt32((digit | 0x20) &- 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}

extension JSONScanner {
    /// At an opening quote: reads to behind the closing one.
    mutating func string() throws(JSONSyntaxError) -> JSONString {
        cursor += 1
        let content = cursor
        var hasEscapes = false
        while true {
            skipPlainBytes()
            guard cursor < end else { throw error(.missingQuote) }
            switch cursor.pointee {
            case UInt8(ascii: "\""):
                let string = JSONString(start: content, count: cursor - content, hasEscapes: hasEscapes)
                cursor += 1
                return string
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try checkEscape()
            case 0: throw error(.missingQuote)
            case ..<0x20: throw error(.invalidEscape)
            default: cursor += 1
            }
        }
    }

    /// Steps over bytes that stand for themselves, eight at a time.
    @inline(__always)
    private mutating func skipPlainBytes() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while end - cursor >= 8 {
            let word = UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self)
            let quotes = word ^ (ones &* 0x22)
            let slashes = word ^ (ones &* 0x5C)
            // The classic "has a zero byte" and "has a byte below n" tests; a false alarm only ends the fast loop.
            let found = ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | ((word &- ones &* 0x20) & ~word)
            guard found & highs == 0 else {
                cursor += (found & highs).trailingZeroBitCount >> 3
                return
            }
            cursor += 8
        }
    }

    /// At a backslash: checks the escape and steps over it. Faults are reported at the backslash.
    private mutating func checkEscape() throws(JSONSyntaxError) {
        let place = cursor
        cursor += 1
        switch peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            cursor += 1
        case UInt8(ascii: "u"):
            cursor += 1
            guard (0xD800...0xDBFF).contains(try hexDigits(escape: place)) else { return }
            guard end - cursor >= 2, cursor[0] == UInt8(ascii: "\\"), cursor[1] == UInt8(ascii: "u") else {
                throw error(.invalidSurrogate, at: place)
            }
            cursor += 2
            guard (0xDC00...0xDFFF).contains(try hexDigits(escape: place)) else {
                throw error(.invalidSurrogate, at: place)
            }
        default: throw error(.invalidEscape, at: place)
        }
    }

    private mutating func hexDigits(escape: UnsafePointer<UInt8>) throws(JSONSyntaxError) -> UInt32 {
        guard end - cursor >= 4, let value = JSONString.hex4(cursor) else {
            throw error(.invalidHexDigit, at: escape)
        }
        cursor += 4
        return value
    }
}
