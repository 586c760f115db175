/// Makes the program of a `NamePattern`.
struct NamePatternParser {
    private typealias Instruction = NamePattern.Instruction
    private typealias CharacterSet = NamePattern.CharacterSet

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var names: [String] = []

    private static let maximumDepth = 20

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func program() throws(ExpressionFault) -> (program: [NamePattern.Instruction], names: [String]) {
        let program = try alternatives()
        guard next == nil else { throw ExpressionFault("a \")\" in it closes nothing") }
        return (program + [.match], names)
    }

    // Parts of programs jump only within themselves: `relocated` moves them to where they go.

    private mutating func alternatives() throws(ExpressionFault) -> [Instruction] {
        depth += 1
        guard depth <= Self.maximumDepth else { throw ExpressionFault("its groups are nested too deeply") }
        var program = try sequence()
        while take("|") {
            let other = try sequence()
            // split first, other; first; jump end; other
            let start = program.count + 2
            program =
                [.split(1, start)] + Self.relocated(program, by: 1) + [.jump(start + other.count)]
                + Self.relocated(other, by: start)
        }
        depth -= 1
        return program
    }

    private mutating func sequence() throws(ExpressionFault) -> [Instruction] {
        var program: [Instruction] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let part = try repeated(try item())
            program += Self.relocated(part, by: program.count)
        }
        return program
    }

    private mutating func repeated(_ item: [Instruction]) throws(ExpressionFault) -> [Instruction] {
        guard let sign = next, sign == "*" || sign == "+" || sign == "?" else { return item }
        position += 1
        let isLazy = take("?")
        if let sign = next, sign == "*" || sign == "+" || sign == "?" {
            throw ExpressionFault("a \"\(sign)\" in it repeats nothing")
        }
        func split(_ again: Int, _ onwards: Int) -> Instruction {
            isLazy ? .split(onwards, again) : .split(again, onwards)
        }
        let count = item.count
        switch sign {
        case "*": return [split(1, count + 2)] + Self.relocated(item, by: 1) + [.jump(0)]
        case "+": return item + [split(0, count + 1)]
        default: return [split(1, count + 1)] + Self.relocated(item, by: 1)
        }
    }

    private static func relocated(_ program: [Instruction], by offset: Int) -> [Instruction] {
        program.map { instruction in
            switch instruction {
            case .split(let first, let second): .split(first + offset, second + offset)
            case .jump(let target): .jump(target + offset)
            default: instruction
            }
        }
    }

    // MARK: Items

    private mutating func item() throws(ExpressionFault) -> [Instruction] {
        guard let scalar = next else { throw .patternEnds }
        position += 1
        switch scalar {
        case "(": return try group()
        case "{":
            let name = try name(until: "}")
            return try named(name, [.characters(Self.digits), .split(0, 2)])
        case "[": return [.characters(try characterClass())]
        case ".": return [.characters(CharacterSet(ranges: [0x0A...0x0A], isInverted: true))]
        case "^": return [.start]
        case "$": return [.end]
        case "\\": return [.characters(try escaped())]
        case "*", "+", "?": throw ExpressionFault("a \"\(scalar)\" in it repeats nothing")
        default: return [.characters(CharacterSet(ranges: [scalar.value...scalar.value]))]
        }
    }

    private mutating func group() throws(ExpressionFault) -> [Instruction] {
        var name: String?
        if take("?") {
            if take("P") {
                guard take("<") else { throw .unknownGroup }
                name = try self.name(until: ">")
            } else {
                guard take(":") else { throw .unknownGroup }
            }
        }
        // Groups are counted from their beginning.
        let number = try name.map { name throws(ExpressionFault) in try begin(name) }
        let program = try alternatives()
        guard take(")") else { throw ExpressionFault("a \"(\" in it is not closed") }
        return number.map { Self.marked($0, program) } ?? program
    }

    private mutating func named(_ name: String, _ program: [Instruction]) throws(ExpressionFault) -> [Instruction] {
        Self.marked(try begin(name), program)
    }

    private mutating func begin(_ name: String) throws(ExpressionFault) -> Int {
        guard !names.contains(name) else { throw ExpressionFault("the name \(name) comes twice in it") }
        names.append(name)
        return names.count - 1
    }

    private static func marked(_ number: Int, _ program: [Instruction]) -> [Instruction] {
        [.mark(2 * number)] + relocated(program, by: 1) + [.mark(2 * number + 1)]
    }

    private mutating func name(until end: Unicode.Scalar) throws(ExpressionFault) -> String {
        var name = String.UnicodeScalarView()
        while let scalar = next, scalar != end {
            let isLetter = scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            guard isLetter || !name.isEmpty && ("0"..."9").contains(scalar) else { throw .noName }
            name.append(scalar)
            position += 1
        }
        guard take(end), !name.isEmpty else { throw .noName }
        return String(name)
    }

    // MARK: Characters

    private static let digits = CharacterSet(ranges: [0x30...0x39])
    private static let words = CharacterSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    private static let spaces = CharacterSet(ranges: [0x09...0x0D, 0x20...0x20])

    private mutating func escaped() throws(ExpressionFault) -> CharacterSet {
        guard let scalar = next else { throw .patternEnds }
        position += 1
        switch scalar {
        case "d": return Self.digits
        case "w": return Self.words
        case "s": return Self.spaces
        case "D": return Self.inverted(Self.digits)
        case "W": return Self.inverted(Self.words)
        case "S": return Self.inverted(Self.spaces)
        default:
            guard scalar.value < 0x80, !Self.words.contains(scalar) else {
                throw ExpressionFault("\"\\\(scalar)\" is not known in it")
            }
            return CharacterSet(ranges: [scalar.value...scalar.value])
        }
    }

    private static func inverted(_ set: CharacterSet) -> CharacterSet {
        CharacterSet(ranges: set.ranges, isInverted: true)
    }

    private mutating func characterClass() throws(ExpressionFault) -> CharacterSet {
        var set = CharacterSet(ranges: [], isInverted: take("^"))
        repeat {
            guard let first = next else { throw ExpressionFault("a \"[\" in it is not closed") }
            position += 1
            if first == "\\" {
                let escaped = try escaped()
                guard !escaped.isInverted else { throw ExpressionFault("\\D, \\W and \\S do not go in brackets") }
                set.ranges += escaped.ranges
            } else if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                let last = scalars[position + 1]
                guard first.value <= last.value, last != "\\" else {
                    throw ExpressionFault("\(first)-\(last) is no range of characters")
                }
                position += 2
                set.ranges.append(first.value...last.value)
            } else {
                set.ranges.append(first.value...first.value)
            }
        } while !take("]")
        return set
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }
}

extension ExpressionFault {
    fileprivate static let patternEnds = ExpressionFault("it ends too early")
    fileprivate static let unknownGroup = ExpressionFault("of groups with \"(?\" only (?: and (?P<name> are known")
    fileprivate static let noName = ExpressionFault("a group is {name}, with letters, digits and _, not first a digit")
}
