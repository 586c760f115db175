import Cluster
import ServingPrimitives

/// What fuzz-agent-configuration does with an input, and the tests with its corpus.
///
/// The input is read as a configuration file that may include itself and a second one; its filters are made and held against
/// names; each of its lines is an expression and a pattern, whose answers have to be the same each time, and a pattern that
/// matches a whole name has to match its beginning.
package enum AgentConfigurationExercise {
    private static let names = [
        "entry", "ps_0", "ps_17", "dense_0", "ps_item_embedding_3", "", "ps_99999999999999999999",
    ]

    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        if let fault = faultInFile(bytes) { return fault }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(20) {
            if let fault = faultInPattern(String(line)) ?? faultInExpression(String(line)) { return fault }
        }
        return nil
    }

    private static func faultInFile(_ bytes: [UInt8]) -> String? {
        do throws(ServingError) {
            let (configuration, _) = try AgentConfiguration.read("/c/a.conf") { (path) throws(ServingError) in
                guard path == "/c/a.conf" || path == "/c/b.conf" else { throw .notFound("\(path) is not there") }
                return path == "/c/a.conf" ? bytes : Array("fetch_ps_retry 1\n".utf8)
            }
            let filters = try LayoutFilters(configuration.layoutFilters, ShardContext(shardID: 1, shardCount: 3))
            for name in names { _ = try? filters.accepts(name) }
            _ = try? configuration.models(folder: ExportFolder(subGraphs: names), ShardContext())
        } catch {
            guard error.code == .invalidArgument, error.message.contains("/c/") else {
                return "another error: \(error)"
            }
        }
        return nil
    }

    private static func faultInPattern(_ text: String) -> String? {
        guard let pattern = try? NamePattern(text) else { return nil }
        for name in names {
            let whole = pattern.match(name)
            guard whole == pattern.match(name) else { return "\(text) has two answers for \(name)" }
            // One with a number that does not fit may be found at the beginning only.
            if whole?.isEmpty == true, pattern.names.isEmpty, pattern.match(name, .beginning) == nil {
                return "\(text) matches \(name), and not its beginning"
            }
        }
        return nil
    }

    private static func faultInExpression(_ text: String) -> String? {
        guard let expression = try? Expression(text) else { return nil }
        let variables = Dictionary(uniqueKeysWithValues: expression.names.map { ($0, Int64($0.utf8.count)) })
        let value = try? expression.value(variables)
        guard value == (try? expression.value(variables)) else { return "\(text) has two values" }
        // What is in brackets is what it is without.
        if let value, let other = try? Expression("(\(text))"), (try? other.value(variables)) != value {
            return "\(text) has another value in brackets"
        }
        if case .number(let number) = value, !number.isFinite { return "\(text) is \(number)" }
        return nil
    }
}
