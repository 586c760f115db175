public import ServingPrimitives

/// Paths of the nodes of version 3 in ZooKeeper, all below `/BZID`.
public struct ClusterPaths: Sendable, Hashable {
    public let namespace: String

    /// - Throws: `INVALID_ARGUMENT` when no node can have that name.
    public init(namespace: String) throws(ServingError) {
        guard NodeName.isOne(namespace) else {
            throw .invalidArgument(
                "bzid is \"\(namespace)\"; expected the name of a node in ZooKeeper, without a slash"
            )
        }
        self.namespace = namespace
    }

    public func savedModels(of model: String) -> String { "/\(namespace)/saved_models/\(model)" }

    /// Persistent; a `SavedModelMeta`.
    public func savedModel(_ name: SavedModelName) -> String { "\(savedModels(of: name.model))/\(name.subGraph)" }

    /// What has a node for each `SavedModelName` that the layout's containers share.
    ///
    /// - Parameter pattern: an absolute path, or a name below `/BZID/layouts`.
    /// - Throws: `INVALID_ARGUMENT` when there can be no such path.
    public func layout(_ pattern: String) throws(ServingError) -> String {
        let path = pattern.hasPrefix("/") ? pattern : "/\(namespace)/layouts/\(pattern)"
        guard NodeName.isPath(path) else {
            throw .invalidArgument(
                "layout_pattern is \"\(pattern)\"; expected an absolute path in ZooKeeper, or a name below /\(namespace)/layouts"
            )
        }
        return path
    }

    /// Persistent and empty.
    public func layoutEntry(_ name: SavedModelName, in layout: String) -> String { "\(layout)/\(name)" }

    /// What has a node for each `Binding`.
    public func bindings(of model: String) -> String { "/\(namespace)/binding/\(model)" }

    /// Ephemeral and empty.
    public func binding(_ name: SavedModelName, _ container: Container) -> String {
        "\(bindings(of: name.model))/\(Binding(subGraph: name.subGraph, container: container))"
    }

    public var containers: String { "/\(namespace)/container_service" }

    /// Ephemeral; a `ContainerService`.
    public func container(_ container: Container) -> String { "\(containers)/\(container)" }
}
