/// One token of protobuf's text format.
struct TextToken {
    enum Kind {
        /// Before the first token.
        case start
        case end
        case identifier
        /// Digits, also octal and hexadecimal, without sign.
        case integer
        /// A decimal with point, exponent or `f` at its end, without sign.
        case float
        /// With its quotes.
        case string
        /// One character.
        case symbol
    }

    var kind: Kind
    /// Its bytes in the text.
    var range: Range<Int>
    /// Both 1 at the start of the text.
    var line: Int
    var column: Int
    var endColumn: Int
}
