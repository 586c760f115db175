/// Pieces of JSON text that errors, status and metadata answers are made of. Not for tensors.
enum JSONText {
    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    /// `bytes` in quotes, escaped as RapidJSON's writer does: control characters, quotes and backslashes only; bytes
    /// that are not UTF-8 pass through.
    static func appendQuoted(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in bytes { appendEscaped(byte, to: &text) }
        text.append(UInt8(ascii: "\""))
    }

    static func quoted(_ string: String) -> String {
        var text: [UInt8] = []
        appendQuoted(string.utf8, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    static func appendEscaped(_ byte: UInt8, to text: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""): text += #"\""#.utf8
        case UInt8(ascii: "\\"): text += #"\\"#.utf8
        case 0x08: text += #"\b"#.utf8
        case 0x09: text += #"\t"#.utf8
        case 0x0A: text += #"\n"#.utf8
        case 0x0C: text += #"\f"#.utf8
        case 0x0D: text += #"\r"#.utf8
        case ..<0x20: text += #"\u00"#.utf8 + [hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
        default: text.append(byte)
        }
    }
}
