import EngineEmbedding

/// What a deployment of shards takes: a calculation, from what was measured on one machine.
public struct ScalePlan: Sendable, Hashable {
    public let demand: ScaleDemand
    public let costs: ScaleCosts

    // Memory.
    public let bytesPerRow: Double
    /// Of all snapshots, once.
    public let snapshotBytes: Double
    public let shards: Double
    public let rowsPerShard: Double
    public let memoryPerShard: Double

    // Lookups.
    /// Shards that a request asks, on average.
    public let askedShards: Double
    /// Processor time of all shards, in cores.
    public let lookupCores: Double
    public let replicas: Double
    /// On the wire, both ways: of a request, and in a second of all and of a machine.
    public let requestBytes: Double
    public let networkBytes: Double
    public let networkBytesPerMachine: Double

    // Versions and pushes.
    public let dumpBytesPerShard: Double
    /// From the dump to rows that are served, on all machines at the same time.
    public let publishSeconds: Double
    public let coldStartSeconds: Double
    public let warmStartSeconds: Double
    /// Rows in a second, of a shard and of all.
    public let pushesPerShard: Double
    public let pushes: Double
    /// To push the share of the rows that changes.
    public let changeSeconds: Double

    /// Of a table in one shard: rows are numbered with 32 bits.
    static let mostRowsPerShard = 4_294_967_294.0
    /// Of a machine's cores, those that a load may take while it serves.
    private static let loadingShare = 0.5

    public init(_ demand: ScaleDemand, _ costs: ScaleCosts = ScaleCosts()) {
        self.demand = demand
        self.costs = costs
        let machine = demand.machine
        let rowBytes = Double(demand.format.byteCount)
        let width = Double(demand.format.dimension)

        bytesPerRow = rowBytes + costs.indexBytes
        snapshotBytes = demand.rows * bytesPerRow
        let heldPerRow = demand.versions * (bytesPerRow + demand.changedShare * (rowBytes + costs.overlayBytes))
        shards = max(
            1,
            (demand.rows * heldPerRow / machine.memory).rounded(.up),
            (demand.rows / Self.mostRowsPerShard).rounded(.up)
        )
        rowsPerShard = demand.rows / shards
        memoryPerShard = rowsPerShard * heldPerRow

        askedShards = shards * (1 - Self.power(1 - 1 / shards, demand.idsPerRequest))
        let nanoseconds = askedShards * costs.callNanoseconds + demand.idsPerRequest * costs.idNanoseconds
        lookupCores = demand.requestsPerSecond * nanoseconds / 1e9
        requestBytes = askedShards * costs.callBytes + demand.idsPerRequest * (costs.idBytes + 4 * width)
        networkBytes = demand.requestsPerSecond * requestBytes
        replicas = max(
            demand.leastReplicas,
            (lookupCores / shards / (machine.cores * machine.load)).rounded(.up),
            (networkBytes / shards / (machine.network * machine.load)).rounded(.up)
        )
        networkBytesPerMachine = networkBytes / shards / replicas

        dumpBytesPerShard = rowsPerShard * (costs.entryBytes + 5 * width)
        let reading = dumpBytesPerShard / min(machine.network, machine.disk)
        let importing = rowsPerShard / (costs.importedPerSecond * max(1, machine.cores * Self.loadingShare))
        let snapshot = rowsPerShard * bytesPerRow
        publishSeconds = max(reading, importing) + snapshot / machine.disk
        warmStartSeconds = snapshot / costs.verifiedPerSecond
        coldStartSeconds = max(snapshot / machine.disk, warmStartSeconds)
        pushesPerShard = 1e9 / costs.pushNanoseconds
        pushes = pushesPerShard * shards
        changeSeconds = demand.rows * demand.changedShare / pushes
    }

    public var machines: Double { shards * replicas }

    /// Ids of a call.
    public var idsPerCall: Double { demand.idsPerRequest / askedShards }

    private static func power(_ base: Double, _ exponent: Double) -> Double {
        var result = 1.0
        var square = base
        var rest = UInt64(exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}
