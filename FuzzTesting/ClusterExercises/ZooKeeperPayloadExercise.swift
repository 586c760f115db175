import Cluster
import ServingPrimitives

/// What fuzz-zookeeper-payload does with an input, and the tests with its corpus.
///
/// The input is read as what each kind of node holds, as names and paths of nodes, as servers, and as a file of nodes: what can
/// be read has to come back when it is written, and what a graph is called has to be found without a crash.
package enum ZooKeeperPayloadExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        _ = EntryGraph.modelName(savedModel: bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        return faultInPayload(bytes) ?? faultInName(text) ?? faultInPath(text) ?? faultInServers(text)
            ?? faultInFile(bytes)
    }

    private static func faultInPayload(_ bytes: [UInt8]) -> String? {
        do throws(ServingError) {
            let meta = try SavedModelMeta(node: bytes)
            guard try SavedModelMeta(node: meta.node) == meta else { return "\(meta) does not come back" }
            let service = try ContainerService(node: bytes)
            guard try ContainerService(node: service.node) == service else { return "\(service) does not come back" }
            let replica = try ReplicaMeta(node: bytes)
            guard try ReplicaMeta(node: replica.node) == replica else { return "\(replica) does not come back" }
            _ = replica.grpcAddress()
        } catch {
            guard error.code == .invalidArgument else { return "another error: \(error)" }
        }
        return nil
    }

    private static func faultInName(_ text: String) -> String? {
        if let name = SavedModelName(text), name.description != text { return "\(text) becomes \(name)" }
        if let binding = Binding(text), binding.description != text { return "\(text) becomes \(binding)" }
        if let address = ReplicaAddress(text), ReplicaAddress(address.description) != address {
            return "\(text) does not come back"
        }
        return nil
    }

    private static func faultInPath(_ text: String) -> String? {
        guard let path = ServicePath(text) else { return nil }
        return ServicePath(path.description) == path ? nil : "\(text) becomes \(path)"
    }

    private static func faultInServers(_ text: String) -> String? {
        guard let servers = try? ZooKeeperServers(text) else { return nil }
        return (try? ZooKeeperServers(servers.description)) == servers ? nil : "\(text) becomes \(servers)"
    }

    /// A file of the nodes that were read has to have these again.
    private static func faultInFile(_ bytes: [UInt8]) -> String? {
        guard let nodes = (try? NodeFile(bytes, file: "nodes"))?.nodes else { return nil }
        var file: [UInt8] = []
        for (path, contents) in nodes { file += Array("\(path) ".utf8) + contents + [0x0D, 0x0A] }
        return (try? NodeFile(file, file: "nodes"))?.nodes == nodes ? nil : "a file of nodes does not come back"
    }
}
