public import EngineEmbedding

/// What is asked of a deployment of shards of embeddings, and what its machines have.
public struct ScaleDemand: Sendable, Hashable {
    /// Of all tables together.
    public var rows: Double
    public var format: RowFormat
    /// Requests to the entries in a second, and ids that each looks up.
    public var requestsPerSecond: Double
    public var idsPerRequest: Double
    /// Share of the rows that pushes have changed since the dump.
    public var changedShare: Double
    /// Versions of a shard that are in memory at a time: two while the next is loaded.
    public var versions: Double
    /// Of each shard, for machines that fail.
    public var leastReplicas: Double
    public var machine: Machine

    /// One machine of a shard's replica.
    public struct Machine: Sendable, Hashable {
        /// Bytes that tables may take.
        public var memory: Double
        public var cores: Double
        /// Bytes a second.
        public var network: Double
        public var disk: Double
        /// Share of cores and network that is planned with; the rest is for what cannot be planned.
        public var load = 0.6

        public init(memory: Double, cores: Double, network: Double, disk: Double) {
            self.memory = memory
            self.cores = cores
            self.network = network
            self.disk = disk
        }
    }

    public init(
        rows: Double,
        format: RowFormat,
        requestsPerSecond: Double,
        idsPerRequest: Double,
        changedShare: Double = 0.05,
        versions: Double = 2,
        leastReplicas: Double = 2,
        machine: Machine
    ) {
        self.rows = rows
        self.format = format
        self.requestsPerSecond = requestsPerSecond
        self.idsPerRequest = idsPerRequest
        self.changedShare = changedShare
        self.versions = versions
        self.leastReplicas = leastReplicas
        self.machine = machine
    }
}
