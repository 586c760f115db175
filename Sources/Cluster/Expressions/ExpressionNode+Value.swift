extension ExpressionNode {
    /// Python's rules: `//` and `%` round towards minus infinity, `/` gives a fraction, `and` and `or` look at their right side
    /// only where they must, and comparisons may be chained.
    func value(_ variables: [String: Int64]) throws(ExpressionFault) -> ExpressionValue {
        switch self {
        case .value(let value): return value
        case .name(let name):
            guard let value = variables[name] else { throw ExpressionFault("\(name) has no value") }
            return .integer(value)
        case .negated(let node): return try Self.arithmetic(.subtract, .integer(0), try node.value(variables))
        case .not(let node): return .truth(!(try node.value(variables).isTrue))
        case .and(let left, let right):
            let value = try left.value(variables)
            return value.isTrue ? try right.value(variables) : value
        case .or(let left, let right):
            let value = try left.value(variables)
            return value.isTrue ? value : try right.value(variables)
        case .arithmetic(let operation, let left, let right):
            return try Self.arithmetic(operation, try left.value(variables), try right.value(variables))
        case .comparison(let first, let comparisons):
            return .truth(try Self.holds(try first.value(variables), comparisons, variables))
        }
    }

    private static func holds(
        _ first: ExpressionValue,
        _ comparisons: [Comparison],
        _ variables: [String: Int64]
    ) throws(ExpressionFault) -> Bool {
        var left = first
        for comparison in comparisons {
            switch comparison {
            case .relation(let relation, let node):
                let right = try node.value(variables)
                guard holds(relation, left, right) else { return false }
                left = right
            case .member(let nodes, let isIn):
                var isMember = false
                for node in nodes where !isMember { isMember = holds(.equal, left, try node.value(variables)) }
                guard isMember == isIn else { return false }
            }
        }
        return true
    }

    private static func holds(_ relation: Relation, _ left: ExpressionValue, _ right: ExpressionValue) -> Bool {
        if let left = left.integer, let right = right.integer { return holds(relation, left, right) }
        return holds(relation, left.double, right.double)
    }

    private static func holds<Number: Comparable>(_ relation: Relation, _ left: Number, _ right: Number) -> Bool {
        switch relation {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .equal: left == right
        case .notEqual: left != right
        }
    }

    // MARK: Arithmetic

    private static func arithmetic(
        _ operation: Operation,
        _ left: ExpressionValue,
        _ right: ExpressionValue
    ) throws(ExpressionFault) -> ExpressionValue {
        if operation != .divide, let left = left.integer, let right = right.integer {
            return .integer(try integers(operation, left, right))
        }
        let number = try numbers(operation, left.double, right.double)
        guard number.isFinite else { throw .notFinite }
        return .number(number)
    }

    private static func integers(
        _ operation: Operation,
        _ left: Int64,
        _ right: Int64
    ) throws(ExpressionFault) -> Int64 {
        let (result, overflow) =
            switch operation {
            case .add: left.addingReportingOverflow(right)
            case .subtract: left.subtractingReportingOverflow(right)
            case .multiply: left.multipliedReportingOverflow(by: right)
            case .divide, .floorDivide, .modulo: try floored(operation, left, right)
            }
        guard !overflow else { throw .overflow }
        return result
    }

    private static func floored(
        _ operation: Operation,
        _ left: Int64,
        _ right: Int64
    ) throws(ExpressionFault) -> (Int64, Bool) {
        guard right != 0 else { throw .divisionByZero }
        // The one quotient that does not fit; its remainder does.
        guard left != .min || right != -1 else { return (0, operation != .modulo) }
        let (quotient, remainder) = left.quotientAndRemainder(dividingBy: right)
        let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
        guard operation == .modulo else { return (isBelow ? quotient - 1 : quotient, false) }
        return (isBelow ? remainder + right : remainder, false)
    }

    private static func numbers(
        _ operation: Operation,
        _ left: Double,
        _ right: Double
    ) throws(ExpressionFault) -> Double {
        switch operation {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide, .floorDivide, .modulo:
            guard right != 0 else { throw .divisionByZero }
            if operation == .divide { return left / right }
            var remainder = left.truncatingRemainder(dividingBy: right)
            if remainder != 0, (remainder < 0) != (right < 0) { remainder += right }
            return operation == .modulo ? remainder : ((left - remainder) / right).rounded()
        }
    }
}
