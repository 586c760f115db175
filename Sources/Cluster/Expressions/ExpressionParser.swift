/// Reads the words of an expression, the loosest operators first.
struct ExpressionParser {
    private let tokens: [ExpressionToken]
    private var position = 0
    private var depth = 0

    /// Of brackets and signs; nobody writes more.
    private static let maximumDepth = 40

    private init(_ tokens: [ExpressionToken]) { self.tokens = tokens }

    static func node(of text: String) throws(ExpressionFault) -> ExpressionNode {
        var parser = ExpressionParser(try ExpressionToken.all(in: text))
        let node = try parser.or()
        if parser.position < parser.tokens.count {
            throw ExpressionFault("\"\(parser.tokens[parser.position].text)\" is not expected in it")
        }
        return node
    }

    // MARK: Logic

    private mutating func or() throws(ExpressionFault) -> ExpressionNode {
        try enter()
        var node = try and()
        while take("or") { node = .or(node, try and()) }
        depth -= 1
        return node
    }

    private mutating func and() throws(ExpressionFault) -> ExpressionNode {
        var node = try not()
        while take("and") { node = .and(node, try not()) }
        return node
    }

    private mutating func not() throws(ExpressionFault) -> ExpressionNode {
        guard take("not") else { return try comparison() }
        try enter()
        let node = ExpressionNode.not(try not())
        depth -= 1
        return node
    }

    private mutating func comparison() throws(ExpressionFault) -> ExpressionNode {
        let first = try sum()
        var comparisons: [ExpressionNode.Comparison] = []
        while let next {
            if case .symbol(let symbol) = next, let relation = ExpressionNode.Relation(rawValue: symbol) {
                position += 1
                comparisons.append(.relation(relation, try sum()))
            } else if next == .symbol("in") || next == .symbol("not") {
                let isIn = !take("not")
                try expect("in")
                comparisons.append(.member(of: try list(), isIn: isIn))
                // What Python would compare next is the list itself.
                break
            } else {
                break
            }
        }
        return comparisons.isEmpty ? first : .comparison(first, comparisons)
    }

    /// `[a, b]` or `(a, b)`.
    private mutating func list() throws(ExpressionFault) -> [ExpressionNode] {
        let isTuple = take("(")
        if !isTuple { try expect("[") }
        let end = isTuple ? ")" : "]"
        var nodes: [ExpressionNode] = []
        while !take(end) {
            nodes.append(try or())
            if !take(",") {
                try expect(end)
                // `(1)` is no list, but a number in brackets.
                if isTuple, nodes.count == 1 { throw ExpressionFault("after \"in\" a list like [1, 2] is expected") }
                break
            }
        }
        return nodes
    }

    // MARK: Arithmetic

    private mutating func sum() throws(ExpressionFault) -> ExpressionNode {
        var node = try product()
        while let operation = takeOperation([.add, .subtract]) { node = .arithmetic(operation, node, try product()) }
        return node
    }

    private mutating func product() throws(ExpressionFault) -> ExpressionNode {
        var node = try factor()
        while let operation = takeOperation([.multiply, .divide, .floorDivide, .modulo]) {
            node = .arithmetic(operation, node, try factor())
        }
        return node
    }

    private mutating func factor() throws(ExpressionFault) -> ExpressionNode {
        guard let operation = takeOperation([.add, .subtract]) else { return try atom() }
        try enter()
        let node = try factor()
        depth -= 1
        // Whichever sign it has, it is a number then: true is 1.
        return operation == .subtract ? .negated(node) : .arithmetic(.add, .value(.integer(0)), node)
    }

    private mutating func atom() throws(ExpressionFault) -> ExpressionNode {
        guard let next else { throw ExpressionFault("it ends too early") }
        position += 1
        switch next {
        case .integer(let integer): return .value(.integer(integer))
        case .number(let number): return .value(.number(number))
        case .name("True"): return .value(.truth(true))
        case .name("False"): return .value(.truth(false))
        case .name(let name): return .name(name)
        case .symbol("("):
            let node = try or()
            try expect(")")
            return node
        case .symbol(let symbol): throw ExpressionFault("\"\(symbol)\" is not expected in it")
        }
    }

    // MARK: Words

    private var next: ExpressionToken? { position < tokens.count ? tokens[position] : nil }

    private mutating func take(_ symbol: String) -> Bool {
        guard next == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func takeOperation(_ operations: [ExpressionNode.Operation]) -> ExpressionNode.Operation? {
        operations.first { take($0.rawValue) }
    }

    private mutating func expect(_ symbol: String) throws(ExpressionFault) {
        guard !take(symbol) else { return }
        let found = next.map { "\"\($0.text)\"" } ?? "its end"
        throw ExpressionFault("\"\(symbol)\" is expected in place of \(found)")
    }

    private mutating func enter() throws(ExpressionFault) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw ExpressionFault("it is nested too deeply") }
    }
}
