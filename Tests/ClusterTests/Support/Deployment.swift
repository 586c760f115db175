import Cluster

/// A deployment of version 3, in nodes.
enum Deployment {
    static let paths: ClusterPaths = {
        guard let paths = try? ClusterPaths(namespace: "z") else { preconditionFailure("z is a name") }
        return paths
    }()
    static let scope = ClusterScope.layout(paths, layout: "/z/layouts/l")

    static func name(_ text: String) -> SavedModelName {
        guard let name = SavedModelName(text) else { preconditionFailure("\(text) is no name") }
        return name
    }

    static func address(_ text: String) -> ReplicaAddress {
        guard let address = ReplicaAddress(text) else { preconditionFailure("\(text) is no address") }
        return address
    }

    /// Nodes by their paths below /z.
    static func nodes(_ nodes: [String: String]) -> MirroredNodes {
        var tree: [String: [UInt8]] = [:]
        for (path, contents) in nodes { tree["/z/\(path)"] = Array(contents.utf8) }
        return MirroredNodes(tree: tree)
    }

    static func view(_ nodes: [String: String]) -> ClusterView { ClusterView(Deployment.nodes(nodes), scope) }

    static let meta = #"{"model_base_path": "/e", "version_policy": "latest"}"#

    /// `m:entry` and `m:ps_0` on one container each.
    static let two = [
        "layouts/l/m:entry": "", "layouts/l/m:ps_0": "",
        "saved_models/m/entry": meta, "saved_models/m/ps_0": meta,
        "binding/m/entry:c:1": "", "binding/m/ps_0:c:2": "",
        "container_service/c:1": #"{"grpc": "a:1"}"#, "container_service/c:2": #"{"grpc": "b:2"}"#,
    ]
}
