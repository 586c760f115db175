/// Values of tokens that the tokenizer found to be well-formed; of others, anything that does no harm.
enum TextLiteral {
    /// A decimal, octal or hexadecimal number; `nil` when it is larger than `maximum`.
    static func integer(_ text: ArraySlice<UInt8>, maximum: UInt64) -> UInt64? {
        var digits = text
        var base: UInt64 = 10
        if digits.first == UInt8(ascii: "0") {
            base = 8
            if let second = digits.dropFirst().first, second | 0x20 == UInt8(ascii: "x") {
                base = 16
                digits = digits.dropFirst(2)
            }
        }
        var value: UInt64 = 0
        for digit in digits {
            let digit = UInt64(digit.digitValue)
            let (product, overflow) = value.multipliedReportingOverflow(by: base)
            let (sum, carry) = product.addingReportingOverflow(digit)
            guard digit < base, !overflow, !carry, sum <= maximum else { return nil }
            value = sum
        }
        return value
    }

    /// A decimal number with or without point, exponent and `f`; infinite when it is too large.
    static func double(_ text: ArraySlice<UInt8>) -> Double {
        var digits = text
        if let last = digits.last, last | 0x20 == UInt8(ascii: "f") { digits = digits.dropLast() }
        return Double(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    /// Appends what a string token means: the bytes between its quotes, escape sequences replaced.
    static func appendString(_ token: ArraySlice<UInt8>, to output: inout [UInt8]) {
        var rest = token.dropFirst()
        if rest.last == token.first { rest = rest.dropLast() }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let kind = rest.popFirst() {
                appendEscape(kind, &rest, to: &output)
            } else {
                output.append(byte)
            }
        }
    }

    private static func appendEscape(_ kind: UInt8, _ rest: inout ArraySlice<UInt8>, to output: inout [UInt8]) {
        switch kind {
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            let digits = 1 + rest.prefix(2).prefix(while: \.isOctalDigit).count
            let value = number([kind] + rest.prefix(digits - 1), base: 8)
            rest = rest.dropFirst(digits - 1)
            output.append(UInt8(truncatingIfNeeded: value))
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            let digits = rest.prefix(2).prefix(while: \.isHexDigit)
            output.append(UInt8(truncatingIfNeeded: number(Array(digits), base: 16)))
            rest = rest.dropFirst(digits.count)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let length = kind == UInt8(ascii: "u") ? 4 : 8
            var value = number(Array(rest.prefix(length)), base: 16)
            rest = rest.dropFirst(length)
            if (0xD800..<0xDC00).contains(value), let trail = trailSurrogate(rest) {
                value = 0x10000 + (value - 0xD800) << 10 | (trail - 0xDC00)
                rest = rest.dropFirst(6)
            }
            appendScalar(value, to: &output)
        default: output.append(meaning(of: kind))
        }
    }

    private static func number(_ digits: [UInt8], base: UInt32) -> UInt32 {
        digits.reduce(0) { $0 &* base &+ UInt32($1.digitValue) }
    }

    /// The second half of a UTF-16 pair: only `\u` may write it.
    private static func trailSurrogate(_ rest: ArraySlice<UInt8>) -> UInt32? {
        guard rest.count >= 6, rest.starts(with: "\\u".utf8) else { return nil }
        let digits = rest.dropFirst(2).prefix(4)
        guard digits.allSatisfy(\.isHexDigit) else { return nil }
        let value = number(Array(digits), base: 16)
        return (0xDC00..<0xE000).contains(value) ? value : nil
    }

    /// A lone surrogate is written in the manner of UTF-8 all the same: in a `bytes` field protobuf allows it.
    private static func appendScalar(_ value: UInt32, to output: inout [UInt8]) {
        func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: value >> shift) & 0x3F }
        switch value {
        case 0..<0x80: output.append(UInt8(value))
        case 0x80..<0x800: output += [0xC0 | UInt8(value >> 6), tail(0)]
        case 0x800..<0x10000: output += [0xE0 | UInt8(value >> 12), tail(6), tail(0)]
        case 0x10000..<0x11_0000: output += [0xF0 | UInt8(value >> 18), tail(12), tail(6), tail(0)]
        default:
            let digits = String(value, radix: 16)
            output += Array("\\U\(String(repeating: "0", count: 8 - digits.count))\(digits)".utf8)
        }
    }

    private static func meaning(of kind: UInt8) -> UInt8 {
        switch kind {
        case UInt8(ascii: "a"): 0x07
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "v"): 0x0B
        default: kind
        }
    }
}
