/// Passing over what has no type and what cannot be read.
extension TextParser {
    /// Passes over the value of a field without type, after its name: a message, or behind a colon anything.
    mutating func skipValue() throws(FieldFailure) {
        if take(":"), !isAt("{"), !isAt("<") {
            try skipScalarOrList()
        } else {
            try skipMessage()
        }
    }

    private mutating func skipMessage() throws(FieldFailure) {
        let closing = try openMessage()
        try enterMessage()
        defer { leaveMessage() }
        while !isAt(">"), !isAt("}") {
            try skipName()
            try skipValue()
            _ = take(";") || take(",")
        }
        try expect(closing)
    }

    private mutating func skipName() throws(FieldFailure) {
        guard take("[") else {
            _ = try identifier()
            return
        }
        _ = try identifier()
        while take(".") || take("/") { _ = try identifier() }
        try expect("]")
    }

    private mutating func skipScalarOrList() throws(FieldFailure) {
        guard take("[") else { return try skipScalar() }
        try enterMessage()
        defer { leaveMessage() }
        if take("]") { return }
        while true {
            if isAt("{") || isAt("<") {
                try skipMessage()
            } else {
                try skipScalarOrList()
            }
            if take("]") { return }
            try expect(",")
        }
    }

    private mutating func skipScalar() throws(FieldFailure) {
        if current.kind == .string {
            while current.kind == .string { advance() }
            return
        }
        let isNegative = take("-")
        guard [.integer, .float, .identifier].contains(current.kind) else {
            throw fail("Cannot skip field value, unexpected token: \(currentText)")
        }
        if isNegative, current.kind == .identifier {
            let text = currentText.lowercased()
            guard ["inf", "infinity", "nan"].contains(text) else { throw fail("Invalid float number: \(text)") }
        }
        advance()
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

    /// Goes on at the end of a value of a list that failed.
    ///
    /// - Throws: when the list does not go on.
    mutating func recoverInList() throws(FieldFailure) {
        var open = 0
        while current.kind != .end {
            if open == 0 {
                if isAt(",") || isAt("]") { return }
                if isAt("}") || isAt(">") { break }
            }
            if isOpening { open += 1 }
            if isClosing { open -= 1 }
            advance()
        }
        throw FieldFailure()
    }

    /// A name before a value.
    private var startsField: Bool {
        guard current.kind == .identifier, let next = tokenizer.nextVisibleByte else { return false }
        return ":{<".utf8.contains(next)
    }

    private var isOpening: Bool { isAt("{") || isAt("<") || isAt("[") }
    private var isClosing: Bool { isAt("}") || isAt(">") || isAt("]") }
}
