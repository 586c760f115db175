/// By how much metrics grow between two moments: what `HandleReloadConfigRequest` answers for its `metric_names`.
public struct MetricIncrease: Sendable {
    private let registry: MetricRegistry
    private let before: [(name: String, value: Int64)]

    /// Notes the metrics' values now. A name that is repeated counts once.
    public init(of names: [String], in registry: MetricRegistry) {
        self.registry = registry
        var seen: Set<String> = []
        before = names.filter { seen.insert($0).inserted }.map { ($0, registry.firstValue(of: $0) ?? 0) }
    }

    /// For each name the increase of its first cell since; 0 for what is no metric with whole numbers.
    public func values() -> [(name: String, increase: Int64)] {
        before.map { ($0.name, (registry.firstValue(of: $0.name) ?? 0) &- $0.value) }
    }
}
