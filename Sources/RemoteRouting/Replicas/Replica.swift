public import Cluster

/// One replica of a servable, as far as this server knows it.
public struct Replica: Sendable, Hashable {
    public let address: ReplicaAddress
    public internal(set) var health = ReplicaHealth()
    /// Requests that it has not answered.
    public internal(set) var outstanding = 0
    /// Since it is in the table.
    public internal(set) var counts = Counts()

    public struct Counts: Sendable, Hashable {
        public var requests: UInt64 = 0
        public var failures: UInt64 = 0
        /// How often it went from good to ejected.
        public var ejections: UInt64 = 0
    }

    init(_ address: ReplicaAddress) { self.address = address }
}
