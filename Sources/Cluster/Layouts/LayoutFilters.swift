public import ServingPrimitives

/// What of a layout a container serves: sub-graphs that one of its filters takes; all of them when it has none.
public struct LayoutFilters: Sendable, Hashable {
    private let filters: [LayoutFilter]
    private let extent: NamePattern.Extent

    public static let maximumCount = 1000

    /// - Parameters:
    ///   - sources: with `${shard_id}` and `${shard_num}` as they stand.
    ///   - matchesBeginnings: whether a pattern takes a name that only begins with it, as in Monolith's agent.
    /// - Throws: `INVALID_ARGUMENT`: every filter that is wrong, each with its file and line.
    public init(
        _ sources: [ConfigurationText],
        _ context: ShardContext,
        matchesBeginnings: Bool = false
    ) throws(ServingError) {
        guard sources.count <= Self.maximumCount else {
            throw .invalidArgument("\(sources.count) layout_filters; at most \(Self.maximumCount) are taken")
        }
        var filters: [LayoutFilter] = []
        var problems: [ServingError] = []
        for source in sources {
            do throws(ServingError) {
                filters.append(try LayoutFilter(source, context))
            } catch {
                problems.append(error)
            }
        }
        if let first = problems.first {
            throw ServingError(first.code, problems.map(\.message).joined(separator: "; "))
        }
        self.filters = filters
        extent = matchesBeginnings ? .beginning : .whole
    }

    /// Whether the container serves a sub-graph of that name: the first filter that takes it decides.
    ///
    /// - Throws: `INVALID_ARGUMENT` when a condition before has no value for that name.
    public func accepts(_ subGraph: String) throws(ServingError) -> Bool {
        guard !filters.isEmpty else { return true }
        for filter in filters where try filter.accepts(subGraph, extent) { return true }
        return false
    }

    /// The entries that are served, in their order.
    public func select<Entry>(
        _ entries: [Entry],
        by subGraph: (Entry) -> String
    ) throws(ServingError) -> [Entry] {
        var selected: [Entry] = []
        for entry in entries where try accepts(subGraph(entry)) { selected.append(entry) }
        return selected
    }
}
