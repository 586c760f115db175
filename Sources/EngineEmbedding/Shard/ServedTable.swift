/// A table of a shard that is served, for metrics.
public struct ServedTable: Sendable, Hashable {
    /// The version's folder.
    public let path: String
    public let name: String
    public let statistics: TableStatistics
}
