/// What entries of other servers ask: where the parts of models answer. Called on event loops; never waits.
public protocol ReplicaDirectory: Sendable {
    /// Addresses `HOST:PORT`, by the names that entries know parts by; no list is empty.
    func addresses(of kind: ReplicaKind) -> [String: [String]]

    /// - Parameter model: may be empty where there is only one.
    /// - Returns: none for a part that nobody has.
    func addresses(of kind: ReplicaKind, task: Int, model: String) -> [String]

    /// What this container says of itself.
    var container: ContainerFacts { get }
}

public enum ReplicaKind: Sendable, Hashable, CaseIterable {
    case ps
    case entry
    case dense
}

/// What a container says of itself.
public struct ContainerFacts: Sendable, Hashable {
    /// `HOST:PORT` of the service that tells it.
    public var address: String
    /// -1 where there is none, as for the replica.
    public var shardID: Int
    public var replicaID: Int64
    /// Memory that could still be had, in bytes.
    public var availableMemory: Int64

    public init(address: String, shardID: Int, replicaID: Int64, availableMemory: Int64) {
        self.address = address
        self.shardID = shardID
        self.replicaID = replicaID
        self.availableMemory = availableMemory
    }
}
