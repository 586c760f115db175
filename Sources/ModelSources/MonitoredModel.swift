/// One model whose versions are looked for.
public struct MonitoredModel: Sendable, Hashable {
    public var name: String
    /// Folder with one numeric sub-folder for each version.
    public var basePath: String
    public var policy: VersionPolicy
    /// Another number than before has the base path looked at at once.
    public var turn: Int

    public init(name: String, basePath: String, policy: VersionPolicy = .latest(1), turn: Int = 0) {
        self.name = name
        self.basePath = basePath
        self.policy = policy
        self.turn = turn
    }
}
