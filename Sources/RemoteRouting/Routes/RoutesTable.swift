public import Cluster
public import ServingPrimitives

/// Which replicas answer for which servable names: what discovery says at one moment.
public struct RoutesTable: Sendable, Hashable {
    /// Each name has one address or more, all different, in the order they came.
    public private(set) var replicas: [String: [ReplicaAddress]] = [:]

    public static let maximumNames = 100_000
    public static let maximumReplicas = 1_000
    /// Bytes of a name.
    public static let maximumNameLength = 1_000

    public init() {}

    /// Adds a replica; one that is there already is not there twice.
    ///
    /// - Throws: `INVALID_ARGUMENT` for a name that no model can have; `RESOURCE_EXHAUSTED` beyond the limits.
    public mutating func add(_ address: ReplicaAddress, to name: String) throws(ServingError) {
        guard (1...Self.maximumNameLength).contains(name.utf8.count) else {
            throw .invalidArgument(
                "a route's name has \(name.utf8.count) bytes; expected 1 to \(Self.maximumNameLength)"
            )
        }
        guard replicas[name] != nil || replicas.count < Self.maximumNames else {
            throw ServingError(.resourceExhausted, "there are more than \(Self.maximumNames) names with routes")
        }
        guard replicas[name]?.contains(address) != true else { return }
        guard replicas[name, default: []].count < Self.maximumReplicas else {
            throw ServingError(.resourceExhausted, "\"\(name)\" has more than \(Self.maximumReplicas) replicas")
        }
        replicas[name, default: []].append(address)
    }
}
