/// Passing over what cannot be read.
extension TextParser {
    /// Passes over the value of a field without type: what comes after its name.
    mutating func skipValue() throws(FieldFailure) {
        let hasColon = take(":")
        if isAt("{") || isAt("<") || hasColon && isAt("[") {
            skipBrackets()
        } else if hasColon {
            try skipScalar()
        } else {
            // A message must follow.
            throw fail("Expected \"{\", found \"\(currentText)\".")
        }
    }

    private mutating func skipScalar() throws(FieldFailure) {
        if current.kind == .string {
            while current.kind == .string { advance() }
            return
        }
        _ = take("-")
        switch current.kind {
        case .integer, .float, .identifier: advance()
        default: throw fail("Cannot skip field value, unexpected token: \(currentText)")
        }
    }

    /// Passes over everything up to the bracket that closes the current one.
    private mutating func skipBrackets() {
        var open = 0
        repeat {
            if isOpening { open += 1 }
            if isClosing { open -= 1 }
            advance()
        } while open > 0 && current.kind != .end
        guard open > 0 else { return }
        report("Expected identifier, got: ")
        tokenizer.stop()
    }

    /// Goes on after a field that failed: behind its separator, at the end of the message it is in, or at what looks like
    /// the next field.
    ///
    /// - Parameter start: where that field begins.
    mutating func recover(from start: Int) {
        var open = 0
        while current.kind != .end {
            if open == 0 {
                if isInMessage, isAt("}") || isAt(">") { return }
                if current.range.lowerBound > start, startsField { return }
                if take(",") || take(";") { return }
            }
            if isOpening { open += 1 }
            if isClosing, open > 0 { open -= 1 }
            advance()
        }
    }

    /// A name before a value.
    private var startsField: Bool {
        guard current.kind == .identifier, let next = tokenizer.nextVisibleByte else { return false }
        return ":{<".utf8.contains(next)
    }

    private var isOpening: Bool { isAt("{") || isAt("<") || isAt("[") }
    private var isClosing: Bool { isAt("}") || isAt(">") || isAt("]") }
}
