/// Text of a page, put together from parts that are its own and parts that come from elsewhere.
struct HTMLText: Sendable {
    private(set) var bytes: [UInt8] = []

    /// Markup of our own.
    mutating func markup(_ text: String) { bytes += text.utf8 }

    /// Text from anywhere, so that it is shown as it is, also inside of an attribute in quotes.
    mutating func text(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += "&amp;".utf8
            case UInt8(ascii: "<"): bytes += "&lt;".utf8
            case UInt8(ascii: ">"): bytes += "&gt;".utf8
            case UInt8(ascii: "\""): bytes += "&quot;".utf8
            case UInt8(ascii: "'"): bytes += "&#39;".utf8
            // Parsers replace it, or stop at it.
            case 0: bytes += "\u{FFFD}".utf8
            default: bytes.append(byte)
            }
        }
    }

    /// `<name>text</name>`; `attributes` are markup.
    mutating func element(_ name: String, _ attributes: String = "", _ text: String) {
        markup("<\(name)\(attributes.isEmpty ? "" : " ")\(attributes)>")
        self.text(text)
        markup("</\(name)>")
    }
}
