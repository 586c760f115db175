/// Turns a text into a serialized message, guided by a schema. A problem is reported where protobuf's own parser reports
/// it; then reading goes on after the field it is in.
struct TextParser {
    /// The field that is being read cannot be; the reason is reported.
    struct FieldFailure: Error {}

    let schema: TextSchema
    var tokenizer: TextTokenizer
    /// How many messages the current token is in.
    private var depth = 0
    var isInMessage: Bool { depth > 0 }

    init(_ bytes: [UInt8], schema: TextSchema) {
        self.schema = schema
        tokenizer = TextTokenizer(bytes)
    }

    var problems: [TextFormatError.Problem] { tokenizer.problems }

    /// The message's bytes; only good when there are no `problems`.
    mutating func parse(_ type: TextSchema.MessageType) -> [UInt8] {
        advance()
        var message = TextMessage(type)
        while current.kind != .end { fieldOrRecovery(&message) }
        return message.bytes
    }

    // MARK: Messages

    /// The body of a message with its delimiters.
    mutating func message(_ type: TextSchema.MessageType) throws(FieldFailure) -> [UInt8] {
        let closing = try openMessage()
        try enterMessage()
        defer { leaveMessage() }
        var message = TextMessage(type)
        while !isAt(">"), !isAt("}") {
            if current.kind == .end {
                report("Expected identifier, got: ")
                tokenizer.stop()
                throw FieldFailure()
            }
            fieldOrRecovery(&message)
        }
        if !take(closing) {
            report("Expected \"\(closing)\", found \"\(currentText)\".")
            // Meant to end this message: the messages around it can still be checked.
            advance()
        }
        return message.bytes
    }

    /// - Returns: what ends the message.
    mutating func openMessage() throws(FieldFailure) -> Unicode.Scalar {
        if take("<") { return ">" }
        try expect("{")
        return "}"
    }

    mutating func enterMessage() throws(FieldFailure) {
        guard depth < TextFormat.maximumDepth else {
            report(
                "Message is too deep, the parser exceeded the configured recursion limit of "
                    + "\(TextFormat.maximumDepth)."
            )
            tokenizer.stop()
            throw FieldFailure()
        }
        depth += 1
    }

    mutating func leaveMessage() { depth -= 1 }

    private mutating func fieldOrRecovery(_ message: inout TextMessage) {
        let start = current.range.lowerBound
        do throws(FieldFailure) {
            try field(&message)
        } catch {
            recover(from: start)
        }
    }

    // MARK: Fields

    private mutating func field(_ message: inout TextMessage) throws(FieldFailure) {
        if isAt("[") {
            try bracketedName(&message)
        } else {
            try namedField(&message)
        }
        // A habit from long ago: fields may be separated by one of these.
        _ = take(";") || take(",")
    }

    private mutating func namedField(_ message: inout TextMessage) throws(FieldFailure) {
        let name = try identifier()
        guard let field = message.type.fields[name] else {
            if !message.type.reservedNames.contains(name) {
                report("Message type \"\(message.type.fullName)\" has no field named \"\(name)\".")
            }
            return try skipValue()
        }
        checkFirst(field, in: message)
        if case .message = field.type {
            _ = take(":")
        } else {
            try expect(":")
        }
        if field.isRepeated, take("[") {
            try list(field, &message)
        } else {
            try value(field, &message)
        }
    }

    private mutating func list(_ field: TextSchema.Field, _ message: inout TextMessage) throws(FieldFailure) {
        if take("]") { return }
        while true {
            do throws(FieldFailure) {
                try value(field, &message)
            } catch {
                try recoverInList()
            }
            if take("]") { return }
            try expect(",")
        }
    }

    /// Reports a field, or another one of its oneof, that has a value already. Its second value is still checked.
    private mutating func checkFirst(_ field: TextSchema.Field, in message: TextMessage) {
        guard !field.isRepeated else { return }
        if message.isSet.contains(field.number) {
            report("Non-repeated field \"\(field.name)\" is specified multiple times.")
        } else if let oneof = field.oneof, let other = message.members[oneof] {
            report(
                "Field \"\(field.name)\" is specified along with field \"\(other)\", another member of oneof "
                    + "\"\(oneof)\"."
            )
        }
    }

    // MARK: Tokens

    var current: TextToken { tokenizer.current }

    /// The current token as the text spells it.
    var currentText: String { String(decoding: currentBytes, as: UTF8.self) }

    var currentBytes: ArraySlice<UInt8> { tokenizer.bytes[current.range] }

    mutating func advance() { tokenizer.next() }

    /// Reports a problem at the current token.
    mutating func report(_ message: String) {
        tokenizer.report(message, line: current.line, column: current.column)
    }

    func isAt(_ symbol: Unicode.Scalar) -> Bool {
        current.kind == .symbol && currentBytes.elementsEqual(CollectionOfOne(UInt8(ascii: symbol)))
    }

    mutating func take(_ symbol: Unicode.Scalar) -> Bool {
        guard isAt(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: Unicode.Scalar) throws(FieldFailure) {
        guard take(symbol) else { throw fail("Expected \"\(symbol)\", found \"\(currentText)\".") }
    }

    mutating func identifier() throws(FieldFailure) -> String {
        guard current.kind == .identifier else { throw fail("Expected identifier, got: \(currentText)") }
        let text = currentText
        advance()
        return text
    }

    mutating func fail(_ message: String) -> FieldFailure {
        report(message)
        return FieldFailure()
    }

}
