/// A JSON value to be written.
public indirect enum JSONDocument: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list([JSONDocument])
    /// Members in order.
    case object([(String, JSONDocument)])

    /// On one line.
    public var text: String {
        var text = ""
        write(to: &text, indent: nil)
        return text
    }

    /// A line for each member and element of the outer levels.
    public var indentedText: String {
        var text = ""
        write(to: &text, indent: 0)
        return text + "\n"
    }

    private func write(to text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += "\(value)"
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.quote(value, to: &text)
        case .list(let elements):
            Self.write(elements.map { (nil, $0) }, "[", "]", to: &text, indent: indent)
        case .object(let members):
            Self.write(members.map { ($0.0, $0.1) }, "{", "}", to: &text, indent: indent)
        }
    }

    private var isPlain: Bool {
        switch self {
        case .list(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        case .null, .bool, .integer, .number, .string: true
        }
    }

    private static func write(
        _ parts: [(String?, JSONDocument)],
        _ open: String,
        _ close: String,
        to text: inout String,
        indent: Int?
    ) {
        // Lists of numbers stay on one line.
        let inner = parts.allSatisfy { $0.1.isPlain && $0.0 == nil } ? nil : indent.map { $0 + 1 }
        text += open
        for (index, part) in parts.enumerated() {
            if index > 0 { text += inner == nil ? ", " : "," }
            if let inner { text += "\n" + String(repeating: "  ", count: inner) }
            if let name = part.0 {
                quote(name, to: &text)
                text += ": "
            }
            part.1.write(to: &text, indent: inner)
        }
        if let indent, inner != nil { text += "\n" + String(repeating: "  ", count: indent) }
        text += close
    }

    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
