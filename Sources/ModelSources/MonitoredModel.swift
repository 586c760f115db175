/// One model whose versions are looked for.
public struct MonitoredModel: Sendable, Hashable {
    public var name: String
    /// Folder with one numeric sub-folder for each version.
    public var basePath: String
    public var policy: VersionPolicy

    public init(name: String, basePath: String, policy: VersionPolicy = .latest(1)) {
        self.name = name
        self.basePath = basePath
        self.policy = policy
    }
}
