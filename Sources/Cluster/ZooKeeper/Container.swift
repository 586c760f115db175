/// Where a replica runs, as nodes of version 3 name it: `CLUSTER:ID`, like `unknown;None;None:10.0.0.1`.
public struct Container: Sendable, Hashable, CustomStringConvertible {
    public let cluster: String
    /// The pod's name, or an address.
    public let id: String

    public init(cluster: String, id: String) {
        self.cluster = cluster
        self.id = id
    }

    /// An address of IPv6 has colons, too: only the first one parts.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(cluster: String(parts[0]), id: String(parts[1]))
    }

    public var description: String { "\(cluster):\(id)" }
}

/// The name of a node below `binding/MODEL`: a container serves a sub-graph.
public struct Binding: Sendable, Hashable, CustomStringConvertible {
    public let subGraph: String
    public let container: Container

    public init(subGraph: String, container: Container) {
        self.subGraph = subGraph
        self.container = container
    }

    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let container = Container(String(parts[1])) else { return nil }
        self.init(subGraph: String(parts[0]), container: container)
    }

    public var description: String { "\(subGraph):\(container)" }
}
