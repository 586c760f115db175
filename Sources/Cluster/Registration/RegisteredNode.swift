/// An ephemeral node that says what a container serves, and where.
public struct RegisteredNode: Sendable, Hashable {
    public var path: String
    public var contents: [UInt8]

    public init(path: String, contents: [UInt8]) {
        self.path = path
        self.contents = contents
    }

    /// Those of a container of version 3: where it answers first, as others ask for it when they see what it serves.
    ///
    /// - Parameter available: what it serves; others are not to ask for what is still loaded.
    public static func container(
        _ container: Container,
        _ service: ContainerService,
        available: [SavedModelName],
        _ paths: ClusterPaths
    ) -> [RegisteredNode] {
        let place = RegisteredNode(path: paths.container(container), contents: service.node)
        return [place] + available.map { RegisteredNode(path: paths.binding($0, container), contents: []) }
    }

    /// Those of a container of version 1.
    public static func replicas(_ replicas: [(place: ServicePath, meta: ReplicaMeta)]) -> [RegisteredNode] {
        replicas.map { RegisteredNode(path: $0.place.description, contents: $0.meta.node) }
    }
}
