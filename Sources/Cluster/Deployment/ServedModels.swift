public import ServingConfig

/// What a container is to serve.
public struct ServedModels: Sendable, Hashable {
    /// In the order of their names' list.
    public var models: [ServerConfiguration.Model] = []
    /// Second names of models: `ps_0` for `MODEL:ps_0`, which entries of version 1 ask for, or the other way round.
    public var aliases: [String: String] = [:]
    /// What a person should be told; parts of a layout that cannot be served are left out, and are here.
    public var warnings: [String] = []

    public init() {}
}

/// One sub-graph of a layout, and what is known of it.
public struct PublishedModel: Sendable, Hashable {
    public var name: SavedModelName
    /// `nil` while nobody has said where it is.
    public var meta: SavedModelMeta?

    public init(_ name: SavedModelName, _ meta: SavedModelMeta?) {
        self.name = name
        self.meta = meta
    }
}
