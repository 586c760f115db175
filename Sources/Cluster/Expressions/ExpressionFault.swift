/// What is wrong with an expression, or keeps it from having a value.
package struct ExpressionFault: Error, Hashable {
    package let reason: String

    init(_ reason: String) { self.reason = reason }

    static let overflow = ExpressionFault("a number in it does not fit 64 bits")
    static let divisionByZero = ExpressionFault("it divides by 0")
    static let notFinite = ExpressionFault("a number in it is not finite")
}
