import Cluster
import ServingPrimitives

/// Reads `text` as the file `/c/a.conf`, beside others.
func configuration(
    _ text: String,
    _ others: [String: String] = [:]
) throws(ServingError) -> (configuration: AgentConfiguration, warnings: [String]) {
    try AgentConfiguration.read("/c/a.conf") { (path) throws(ServingError) in
        if path == "/c/a.conf" { return Array(text.utf8) }
        guard let other = others[path] else { throw .notFound("\(path); No such file or directory") }
        return Array(other.utf8)
    }
}

/// What is wrong with `text`.
func mistakes(_ text: String, _ others: [String: String] = [:]) -> String {
    do throws(ServingError) {
        _ = try configuration(text, others)
        return ""
    } catch {
        return error.message
    }
}

/// Filters as lines 1, 2, … of `/c/a.conf`.
func filters(
    _ texts: [String],
    _ context: ShardContext = ShardContext(),
    matchesBeginnings: Bool = false
) throws(ServingError) -> LayoutFilters {
    var sources: [ConfigurationText] = []
    for (index, text) in texts.enumerated() {
        sources.append(ConfigurationText(text, at: ConfigurationPlace(file: "/c/a.conf", line: index + 1)))
    }
    return try LayoutFilters(sources, context, matchesBeginnings: matchesBeginnings)
}
