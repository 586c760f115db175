/// A pattern for names of sub-graphs: a regular expression in which `{i}` stands for decimal digits that get the name `i`.
///
/// Of Python's expressions it takes what decides on the text alone: characters, `.`, classes, `\d \w \s` and their opposites,
/// `* + ?` (also lazy), groups, `|`, `^` and `$`. All ways to match are followed at the same time, so no pattern takes longer
/// than its length times the name's.
package struct NamePattern: Sendable, Hashable {
    /// What to do about names of which only a beginning matches.
    package enum Extent: Sendable, Hashable {
        /// They do not match.
        case whole
        /// They match, as in Monolith's agent: `entry` takes `entry_item_embedding_0`, too.
        case beginning
    }

    package static let maximumLength = 200

    /// Of the groups with names, in the order of the pattern.
    package let names: [String]
    private let program: [Instruction]

    enum Instruction: Sendable, Hashable {
        case characters(CharacterSet)
        /// Goes on at both; at the first rather.
        case split(Int, Int)
        case jump(Int)
        /// The name begins or ends a group: the group's number, doubled, and one more at its end.
        case mark(Int)
        case start
        case end
        case match
    }

    struct CharacterSet: Sendable, Hashable {
        var ranges: [ClosedRange<UInt32>]
        var isInverted = false

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            ranges.contains { $0.contains(scalar.value) } != isInverted
        }
    }

    package init(_ text: String) throws(ExpressionFault) {
        guard text.unicodeScalars.count <= Self.maximumLength else {
            throw ExpressionFault("it has more than \(Self.maximumLength) characters")
        }
        var parser = NamePatternParser(text)
        (program, names) = try parser.program()
    }

    /// The numbers of the groups, by name; `nil` when the name does not match, or a number does not fit 64 bits.
    package func match(_ name: String, _ extent: Extent = .whole) -> [String: Int64]? {
        let scalars = Array(name.unicodeScalars)
        guard let marks = NamePatternRun(program, scalars, extent, markCount: 2 * names.count).marks else { return nil }
        var numbers: [String: Int64] = [:]
        for (index, name) in names.enumerated() {
            let (start, end) = (marks[2 * index], marks[2 * index + 1])
            // A group of an alternative that was not taken.
            guard start >= 0, end >= start else { continue }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars[start..<end])
            guard let number = Int64(String(text)) else { return nil }
            numbers[name] = number
        }
        return numbers
    }
}
