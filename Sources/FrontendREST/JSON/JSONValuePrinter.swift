/// Prints a value of a request for an error text: indented by four, lists on one line, cut after 256 bytes, the way
/// TensorFlow Serving quotes values through RapidJSON's writer.
struct JSONValuePrinter {
    private static let limit = 256

    private var scanner: JSONScanner
    private var text: [UInt8] = []
    private var isFull: Bool { text.count >= Self.limit }

    /// The value at the cursor as text; the cursor moves behind it.
    ///
    /// - Throws: when it is no JSON.
    static func skipAndPrint(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> String {
        let start = scanner
        try scanner.skipValue()
        return try print(start)
    }

    /// The value at the cursor as text.
    static func print(_ scanner: JSONScanner) throws(JSONSyntaxError) -> String {
        var printer = JSONValuePrinter(scanner: scanner)
        if scanner.isAtNumber {
            printer.text += DecimalText.text(lone: try printer.scanner.number()).utf8
        } else {
            try printer.value(level: 0)
        }
        return String(decoding: printer.text.prefix(Self.limit), as: UTF8.self)
    }

    /// RapidJSON's name for the kind of the value at the cursor.
    static func kind(of scanner: JSONScanner) -> String {
        switch scanner.peek() {
        case UInt8(ascii: "n"): "Null"
        case UInt8(ascii: "f"): "False"
        case UInt8(ascii: "t"): "True"
        case UInt8(ascii: "{"): "Object"
        case UInt8(ascii: "["): "Array"
        case UInt8(ascii: "\""): "String"
        default: "Number"
        }
    }

    private init(scanner: JSONScanner) { self.scanner = scanner }

    /// Recursion ends with the text's limit: every level prints at least one byte.
    private mutating func value(level: Int) throws(JSONSyntaxError) {
        switch scanner.peek() {
        case UInt8(ascii: "["): try list(level: level)
        case UInt8(ascii: "{"): try object(level: level)
        case UInt8(ascii: "\""): append(try scanner.string())
        case UInt8(ascii: "n"):
            try scanner.literal("null")
            text += "null".utf8
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            text += "true".utf8
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            text += "false".utf8
        default: text += DecimalText.text(nested: try scanner.number()).utf8
        }
    }

    private mutating func list(level: Int) throws(JSONSyntaxError) {
        text.append(UInt8(ascii: "["))
        if scanner.openContainer(closing: UInt8(ascii: "]")) {
            while true {
                try value(level: level + 1)
                guard !isFull, try scanner.hasNextElement() else { break }
                text += ", ".utf8
            }
        }
        if !isFull { text.append(UInt8(ascii: "]")) }
    }

    private mutating func object(level: Int) throws(JSONSyntaxError) {
        text.append(UInt8(ascii: "{"))
        if scanner.openContainer(closing: UInt8(ascii: "}")) {
            while true {
                newLine(level: level + 1)
                append(try scanner.memberName())
                text += ": ".utf8
                try value(level: level + 1)
                guard !isFull, try scanner.hasNextMember() else { break }
                text.append(UInt8(ascii: ","))
            }
            if !isFull { newLine(level: level) }
        }
        if !isFull { text.append(UInt8(ascii: "}")) }
    }

    private mutating func append(_ string: JSONString) {
        // No more than what can show up, whatever the string's length.
        let shown = JSONString(
            start: string.start,
            count: string.hasEscapes ? string.count : min(string.count, Self.limit),
            hasEscapes: string.hasEscapes
        )
        shown.withBytes { JSONText.appendQuoted($0.prefix(Self.limit), to: &text) }
    }

    private mutating func newLine(level: Int) {
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: min(4 * level, Self.limit)))
    }
}

extension JSONScanner {
    var isAtNumber: Bool {
        switch peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "["),
            UInt8(ascii: "{"):
            false
        default: true
        }
    }
}
