import ServingPrimitives

extension AgentKey {
    var mayRepeat: Bool { if case .list = self { true } else { false } }

    /// Puts a value where it belongs.
    ///
    /// - Throws: what was expected.
    func set(_ value: ConfigurationText, in configuration: inout AgentConfiguration) throws(ExpressionFault) {
        let text = value.text
        switch self {
        case .flag(let path): configuration[keyPath: path] = try Self.flag(text)
        case .integer(let path, let range): configuration[keyPath: path] = try Self.integer(text, range)
        case .optionalInteger(let path, let range): configuration[keyPath: path] = try Self.integer(text, range)
        case .number(let path, let range): configuration[keyPath: path] = try Self.number(text, range)
        case .text(let path): configuration[keyPath: path] = text.lowercased() == "none" ? nil : text
        case .placedText(let path): configuration[keyPath: path] = text.lowercased() == "none" ? nil : value
        case .list(let path): configuration[keyPath: path].append(value)
        case .deployType(let path): configuration[keyPath: path] = try Self.choice(text.lowercased())
        case .loadedServer(let path): configuration[keyPath: path] = try Self.choice(text.lowercased())
        }
    }

    private static func flag(_ text: String) throws(ExpressionFault) -> Bool {
        switch text.lowercased() {
        case "true", "y", "t", "yes", "1": return true
        case "false", "n", "f", "no", "0": return false
        default: throw ExpressionFault("expected true or false")
        }
    }

    /// A fraction is cut off, as `int()` does.
    private static func integer(_ text: String, _ range: ClosedRange<Int64>) throws(ExpressionFault) -> Int64 {
        let expected = "expected a whole number from \(range.lowerBound) to \(range.upperBound)"
        let integer =
            switch try value(text, expected) {
            case .number(let number): Int64(exactly: number.rounded(.towardZero))
            case let value: value.integer
            }
        guard let integer, range.contains(integer) else { throw ExpressionFault(expected) }
        return integer
    }

    private static func number(_ text: String, _ range: ClosedRange<Double>) throws(ExpressionFault) -> Double {
        let expected = "expected a number from \(range.lowerBound) to \(range.upperBound)"
        let number = try value(text, expected).double
        guard range.contains(number) else { throw ExpressionFault(expected) }
        return number
    }

    private static func value(_ text: String, _ expected: String) throws(ExpressionFault) -> ExpressionValue {
        do throws(ExpressionFault) {
            return try Expression(text).value()
        } catch {
            throw ExpressionFault("\(expected), or an expression like 60 * 1000; \(error.reason)")
        }
    }

    private static func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ text: String
    ) throws(ExpressionFault) -> Choice {
        guard let choice = Choice(rawValue: text) else {
            throw ExpressionFault("expected \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }
}
