/// What a shard costs, measured on one machine: Benchmarks/results/embedding.md.
public struct ScaleCosts: Sendable, Hashable {
    /// Bytes of a snapshot for a row above the compressed row: index and timestamp.
    public var indexBytes = 17.1
    /// Bytes of a changed row above the compressed row.
    public var overlayBytes = 31.0
    /// Processor time of a server for a call, and for each of its ids: gRPC, kernel and lookup.
    public var callNanoseconds = 28_000.0
    public var idNanoseconds = 250.0
    /// Processor time for a pushed row, with its journal. One thread applies the pushes to a shard.
    public var pushNanoseconds = 1_800.0
    /// Entries of a dump in a second and core.
    public var importedPerSecond = 1_200_000.0
    /// Bytes of a snapshot in a second that are checked at start when they are in memory.
    public var verifiedPerSecond = 4e9
    /// On the wire, for a call and its answer: frames, headers, names.
    public var callBytes = 400.0
    /// On the wire, for an id of a call; its row comes back in float32.
    public var idBytes = 8.0
    /// Bytes of an entry of a dump above its numbers, which take five each.
    public var entryBytes = 31.0

    public init() {}
}
