/// The words of an expression.
enum ExpressionToken: Hashable {
    case integer(Int64)
    case number(Double)
    case name(String)
    /// An operator, a bracket, a comma, or one of Python's words for them.
    case symbol(String)

    private static let words: Set<String> = ["and", "or", "not", "in"]
    /// Longer ones first.
    private static let symbols = [
        "//", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "<", ">", "(", ")", "[", "]", ",",
    ]

    /// How it is spelled, for errors.
    var text: String {
        switch self {
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)"
        case .name(let name): name
        case .symbol(let symbol): symbol
        }
    }

    static func all(in text: String) throws(ExpressionFault) -> [ExpressionToken] {
        var tokens: [ExpressionToken] = []
        var rest = text[...]
        while let first = rest.first {
            if first == " " || first == "\t" {
                rest.removeFirst()
            } else if first.isASCII, first.isNumber || first == "." {
                tokens.append(try number(&rest))
            } else if first.isASCII, first.isLetter || first == "_" {
                tokens.append(word(&rest))
            } else if let symbol = symbols.first(where: { rest.hasPrefix($0) }) {
                rest.removeFirst(symbol.count)
                tokens.append(.symbol(symbol))
            } else {
                throw ExpressionFault("\"\(first)\" is not expected in it")
            }
        }
        return tokens
    }

    private static func word(_ rest: inout Substring) -> ExpressionToken {
        let word = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        rest.removeFirst(word.count)
        return words.contains(word) ? .symbol(word) : .name(word)
    }

    private static func number(_ rest: inout Substring) throws(ExpressionFault) -> ExpressionToken {
        var digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var end = digits.endIndex
        if end < rest.endIndex, rest[end] == "e" || rest[end] == "E" {
            end = rest.index(after: end)
            if end < rest.endIndex, rest[end] == "+" || rest[end] == "-" { end = rest.index(after: end) }
            end = rest[end...].prefix { $0.isASCII && $0.isNumber }.endIndex
            digits = rest[..<end]
        }
        rest = rest[end...]
        let text = String(digits)
        if text.allSatisfy(\.isNumber) {
            // Python takes no other number that begins with 0: it was octal once.
            guard !text.hasPrefix("0") || text.allSatisfy({ $0 == "0" }) else {
                throw ExpressionFault("the number \(text) begins with 0")
            }
            guard let integer = Int64(text) else { throw .overflow }
            return .integer(integer)
        }
        guard text.contains(where: \.isNumber), !text.hasSuffix("e"), !text.hasSuffix("E"),
            let number = Double(text.hasSuffix(".") ? "\(text)0" : text.hasPrefix(".") ? "0\(text)" : text)
        else {
            throw ExpressionFault("\(text) is no number")
        }
        guard number.isFinite else { throw .notFinite }
        return .number(number)
    }
}
