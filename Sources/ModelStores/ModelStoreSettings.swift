/// Where and how models of stores are kept.
public struct ModelStoreSettings: Sendable, Hashable {
    /// Folder of the local cache.
    public var cacheFolder: String
    /// Bytes of the cache; 0 leaves it to the disk.
    public var cacheBytes: Int64
    /// Bytes of one version, unpacked.
    public var versionBytes: Int64
    /// Transfers of one version side by side.
    public var connections: Int
    /// Seconds for which a listing counts.
    public var listSeconds: Int

    public init(
        cacheFolder: String,
        cacheBytes: Int64 = 0,
        versionBytes: Int64 = 1 << 40,
        connections: Int = 8,
        listSeconds: Int = 10
    ) {
        self.cacheFolder = cacheFolder
        self.cacheBytes = cacheBytes
        self.versionBytes = versionBytes
        self.connections = connections
        self.listSeconds = listSeconds
    }
}
