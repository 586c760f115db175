/// One model whose versions are looked for.
public struct MonitoredModel: Sendable, Hashable {
    public var name: String
    /// Folder, or place in a store, with one numeric sub-folder for each version.
    public var basePath: String
    public var policy: VersionPolicy
    /// Another number than before has the base path looked at at once.
    public var turn: Int
    /// How long a version's folder must have been left alone before it is taken; `nil` is as for all models.
    public var settleNanoseconds: UInt64?
    public var manifest: ManifestRule

    public init(
        name: String,
        basePath: String,
        policy: VersionPolicy = .latest(1),
        turn: Int = 0,
        settleNanoseconds: UInt64? = nil,
        manifest: ManifestRule = .verify
    ) {
        self.name = name
        self.basePath = basePath
        self.policy = policy
        self.turn = turn
        self.settleNanoseconds = settleNanoseconds
        self.manifest = manifest
    }
}
