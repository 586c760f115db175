/// What an expression comes to.
package enum ExpressionValue: Sendable, Hashable {
    case integer(Int64)
    case number(Double)
    case truth(Bool)

    package var isTrue: Bool {
        switch self {
        case .integer(let integer): integer != 0
        case .number(let number): number != 0
        case .truth(let truth): truth
        }
    }

    /// As Python counts: true is 1.
    var integer: Int64? {
        switch self {
        case .integer(let integer): integer
        case .number: nil
        case .truth(let truth): truth ? 1 : 0
        }
    }

    package var double: Double {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        case .truth(let truth): truth ? 1 : 0
        }
    }
}
