/// Cuts a text into the tokens of protobuf's text format, reporting what is no token and going on after it.
///
/// Errors and positions are those of protobuf's `io::Tokenizer` as its text parser sets it up: `#` comments, `f` after
/// floats, one line for each string.
struct TextTokenizer {
    /// A text with more problems is not read further.
    static let maximumProblems = 100
    private static let tabWidth = 8

    let bytes: [UInt8]
    private(set) var current = TextToken(kind: .start, range: 0..<0, line: 1, column: 1, endColumn: 1)
    private(set) var problems: [TextFormatError.Problem] = []

    private(set) var position = 0
    private var line = 1
    private var column = 1
    /// Nothing more is read: the next token is the end, and problems are no longer taken.
    private(set) var isStopped = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func report(_ message: String, line: Int, column: Int) {
        guard !isStopped else { return }
        problems.append(.init(line: line, column: column, message: message))
        if problems.count == Self.maximumProblems {
            problems.append(.init(line: line, column: column, message: "Too many problems; the rest is not read."))
            stop()
        }
    }

    /// Ends the text here.
    mutating func stop() {
        isStopped = true
        position = bytes.count
        current = TextToken(kind: .end, range: position..<position, line: line, column: column, endColumn: column)
    }

    // MARK: Bytes

    /// `nil` at the end.
    var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Nothing at the end: a problem that is one too many ends the text under whoever reports it.
    mutating func advance() {
        guard position < bytes.count else { return }
        switch bytes[position] {
        case UInt8(ascii: "\n"):
            line += 1
            column = 1
        case UInt8(ascii: "\t"): column += Self.tabWidth - (column - 1) % Self.tabWidth
        default: column += 1
        }
        position += 1
    }

    /// Passes the next byte when it belongs to a class.
    mutating func take(_ isWanted: (UInt8) -> Bool) -> Bool {
        guard let byte, isWanted(byte) else { return false }
        advance()
        return true
    }

    mutating func take(_ wanted: Unicode.Scalar) -> Bool { take { $0 == UInt8(ascii: wanted) } }

    mutating func takeAll(_ isWanted: (UInt8) -> Bool) { while take(isWanted) {} }

    mutating func reportHere(_ message: String) { report(message, line: line, column: column) }

    /// The next byte that is neither blank nor in a comment, without passing anything.
    var nextVisibleByte: UInt8? {
        var index = position
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "#") {
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            } else if bytes[index].isBlank {
                index += 1
            } else {
                return bytes[index]
            }
        }
        return nil
    }

    // MARK: Tokens

    /// Moves `current` to the next token.
    mutating func next() {
        let previous = current
        repeat { skipBlanks() } while skipControlCharacters()
        guard let first = byte, !isStopped else { return stopAtEnd() }
        let start = (position: position, line: line, column: column)
        let kind = token(startingWith: first, after: previous)
        // A token with the last problem that is taken ends the text.
        if isStopped { return }
        current = TextToken(
            kind: kind,
            range: start.position..<position,
            line: start.line,
            column: start.column,
            endColumn: column
        )
    }

    private mutating func stopAtEnd() {
        current = TextToken(kind: .end, range: position..<position, line: line, column: column, endColumn: column)
    }

    private mutating func skipBlanks() {
        while let byte {
            if byte.isBlank {
                advance()
            } else if byte == UInt8(ascii: "#") {
                takeAll { $0 != UInt8(ascii: "\n") }
            } else {
                return
            }
        }
    }

    private mutating func skipControlCharacters() -> Bool {
        guard let byte, byte < 0x20 else { return false }
        reportHere("Invalid control characters encountered in text.")
        takeAll { $0 < 0x20 && !$0.isBlank }
        return true
    }

    private mutating func token(startingWith first: UInt8, after previous: TextToken) -> TextToken.Kind {
        switch first {
        case _ where first.isLetter:
            takeAll(\.isAlphanumeric)
            return .identifier
        case _ where first.isDigit:
            advance()
            return number(startsWithZero: first == UInt8(ascii: "0"))
        case UInt8(ascii: "."): return point(after: previous)
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            advance()
            string(endingWith: first)
            return .string
        default: return symbol()
        }
    }

    private mutating func symbol() -> TextToken.Kind {
        if let byte, byte >= 0x80 {
            reportHere("Interpreting non ascii codepoint \(byte).")
            // The rest of the character is not a second problem.
            advance()
            takeAll { $0 & 0xC0 == 0x80 }
        } else if position < bytes.count {
            advance()
        }
        return .symbol
    }

    /// A point alone, or a float that starts with it.
    private mutating func point(after previous: TextToken) -> TextToken.Kind {
        let start = (line: line, column: column)
        advance()
        guard let byte, byte.isDigit else { return .symbol }
        if previous.kind == .identifier, previous.line == start.line, previous.endColumn == start.column {
            report("Need space between identifier and decimal point.", line: start.line, column: start.column)
        }
        advance()
        return decimal(isFloat: true)
    }
}
