/// Reads a `JSONTree`; every way to fail is `nil`.
struct JSONTreeParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() -> JSONTree? {
        guard let tree = value(depth: 0) else { return nil }
        skipSpace()
        return position == bytes.count ? tree : nil
    }

    private mutating func value(depth: Int) -> JSONTree? {
        guard depth < JSONTree.maximumDepth else { return nil }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "t"): return word("true", .bool(true))
        case UInt8(ascii: "f"): return word("false", .bool(false))
        case UInt8(ascii: "n"): return word("null", .null)
        default: return number()
        }
    }

    private mutating func object(depth: Int) -> JSONTree? {
        position += 1
        var members: [String: JSONTree] = [:]
        if skip("}") { return .object(members) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\""), let name = string(), skip(":"), let member = value(depth: depth + 1)
            else {
                return nil
            }
            members[name] = member
        } while skip(",")
        return skip("}") ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> JSONTree? {
        position += 1
        var items: [JSONTree] = []
        if skip("]") { return .array(items) }
        repeat {
            guard let item = value(depth: depth + 1) else { return nil }
            items.append(item)
        } while skip(",")
        return skip("]") ? .array(items) : nil
    }

    private mutating func word(_ word: StaticString, _ tree: JSONTree) -> JSONTree? {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count else { return nil }
        let isIt = word.withUTF8Buffer { bytes[position..<end].elementsEqual($0) }
        position = end
        return isIt ? tree : nil
    }

    // MARK: Numbers

    private mutating func number() -> JSONTree? {
        let start = position
        skipIf("-")
        if next == UInt8(ascii: "0") { position += 1 } else { guard skipDigits() else { return nil } }
        if skipIf(".") { guard skipDigits() else { return nil } }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if !skipIf("+") { skipIf("-") }
            guard skipDigits() else { return nil }
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    /// Whether there was one at least.
    private mutating func skipDigits() -> Bool {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }

    // MARK: Strings

    private mutating func string() -> String? {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"): guard appendEscaped(to: &text) else { return nil }
            case ..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    private mutating func appendEscaped(to text: inout [UInt8]) -> Bool {
        guard let byte = next else { return false }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard let scalar = escapedScalar() else { return false }
            text += UTF8.encode(scalar) ?? UTF8.EncodedScalar()
        default: return false
        }
        return true
    }

    /// What `\u` stands for, with the second half of a pair.
    private mutating func escapedScalar() -> Unicode.Scalar? {
        guard let first = hexDigits() else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard skipIf("\\"), skipIf("u"), let second = hexDigits(), UTF16.isTrailSurrogate(second) else { return nil }
        return Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
    }

    private mutating func hexDigits() -> UInt16? {
        guard bytes.count - position >= 4 else { return nil }
        let digits = bytes[position..<position + 4]
        position += 4
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    // MARK: Bytes

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// The character, after space; whether it was there.
    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        return skipIf(character)
    }

    @discardableResult private mutating func skipIf(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }
}
