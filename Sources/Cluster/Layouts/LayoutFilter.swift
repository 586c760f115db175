package import ServingPrimitives

/// One of the rules by which a container picks sub-graphs: `ps_{i}; i % 2 == 1`.
///
/// Before the first `;` stands a pattern for the name, behind it a condition on the numbers in the name. Without a `;` every
/// name that matches is taken.
package struct LayoutFilter: Sendable, Hashable {
    /// As the file has it, for errors and for status pages.
    package let source: ConfigurationText
    private let pattern: NamePattern
    private let condition: Expression?

    /// - Throws: `INVALID_ARGUMENT`, with the file and the line.
    package init(_ source: ConfigurationText, _ context: ShardContext) throws(ServingError) {
        self.source = source
        do throws(ExpressionFault) {
            let text = try Self.substituted(source.text, context)
            let parts = text.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
            let pattern = try Self.pattern(Self.trimmed(parts[0]))
            condition = parts.count > 1 ? try Self.condition(Self.trimmed(parts[1]), pattern) : nil
            self.pattern = pattern
        } catch {
            throw .invalidArgument("\(source.place): layout_filters \"\(source.text)\": \(error.reason)")
        }
    }

    /// Whether it takes the sub-graph.
    ///
    /// - Throws: `INVALID_ARGUMENT` when its condition has no value for that name.
    package func accepts(_ subGraph: String, _ extent: NamePattern.Extent) throws(ServingError) -> Bool {
        guard let numbers = pattern.match(subGraph, extent) else { return false }
        guard let condition else { return true }
        do throws(ExpressionFault) {
            return try condition.value(numbers).isTrue
        } catch {
            throw .invalidArgument(
                "\(source.place): layout_filters \"\(source.text)\": the condition has no value for \(subGraph): "
                    + error.reason
            )
        }
    }

    private static func substituted(_ text: String, _ context: ShardContext) throws(ExpressionFault) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("${shard_id}") {
                result += "\(context.shardID)"
            } else if rest.hasPrefix("${shard_num}") {
                result += "\(context.shardCount)"
            } else if rest.hasPrefix("${") {
                throw ExpressionFault("of ${...} only ${shard_id} and ${shard_num} are known")
            } else {
                result += "$"
                rest.removeFirst()
                continue
            }
            rest = rest[rest.index(after: rest.firstIndex(of: "}") ?? dollar)...]
        }
        return result + rest
    }

    private static func pattern(_ text: String) throws(ExpressionFault) -> NamePattern {
        guard !text.isEmpty else { throw ExpressionFault("there is no pattern; expected PATTERN; CONDITION") }
        do throws(ExpressionFault) {
            return try NamePattern(text)
        } catch {
            throw ExpressionFault("the pattern \"\(text)\": \(error.reason)")
        }
    }

    private static func condition(_ text: String, _ pattern: NamePattern) throws(ExpressionFault) -> Expression {
        let condition: Expression
        do throws(ExpressionFault) {
            condition = try Expression(text)
        } catch {
            throw ExpressionFault("the condition \"\(text)\": \(error.reason)")
        }
        if let unknown = condition.names.subtracting(pattern.names).min() {
            let known = pattern.names.isEmpty ? "no {name}" : "only \(pattern.names.joined(separator: ", "))"
            throw ExpressionFault("the condition asks for \(unknown), and the pattern has \(known)")
        }
        return condition
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
