/// The parts of an expression.
indirect enum ExpressionNode: Sendable, Hashable {
    enum Operation: String, Sendable, Hashable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
    }

    enum Relation: String, Sendable, Hashable {
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
    }

    /// One link of `a < b < c`; the last may be `in [d, e]`.
    enum Comparison: Sendable, Hashable {
        case relation(Relation, ExpressionNode)
        case member(of: [ExpressionNode], isIn: Bool)
    }

    case value(ExpressionValue)
    case name(String)
    case negated(ExpressionNode)
    case not(ExpressionNode)
    case and(ExpressionNode, ExpressionNode)
    case or(ExpressionNode, ExpressionNode)
    case arithmetic(Operation, ExpressionNode, ExpressionNode)
    case comparison(ExpressionNode, [Comparison])
}
