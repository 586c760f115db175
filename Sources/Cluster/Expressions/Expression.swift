/// An expression of Monolith's configuration: numbers like `60 * 1000`, and conditions like `i % 2 == 1 or i in [4, 6]`.
///
/// Monolith hands them to Python's `eval`. This takes of Python numbers, names, `+ - * / // %`, comparisons, `and`, `or`,
/// `not`, `in` with a list, brackets, `True` and `False`, and means the same by them; there is nothing to call. Whole numbers
/// have 64 bits, and what does not fit is an error.
package struct Expression: Sendable, Hashable {
    package static let maximumLength = 500

    private let root: ExpressionNode
    /// Which names it needs values for.
    package let names: Set<String>

    package init(_ text: String) throws(ExpressionFault) {
        guard text.utf8.count <= Self.maximumLength else {
            throw ExpressionFault("it has more than \(Self.maximumLength) characters")
        }
        root = try ExpressionParser.node(of: text)
        names = Set(try ExpressionToken.all(in: text).compactMap(\.variable))
    }

    package func value(_ variables: [String: Int64] = [:]) throws(ExpressionFault) -> ExpressionValue {
        try root.value(variables)
    }
}

extension ExpressionToken {
    fileprivate var variable: String? {
        if case .name(let name) = self, name != "True", name != "False" { name } else { nil }
    }
}
