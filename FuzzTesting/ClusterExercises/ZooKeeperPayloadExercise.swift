import Cluster
import ServingPrimitives

/// What fuzz-zookeeper-payload does with an input, and the tests with its corpus.
///
/// The input is read as what each kind of node holds, and as names and paths of nodes: what can be read has to come back when
/// it is written, and what a graph is called has to be found without a crash.
package enum ZooKeeperPayloadExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        _ = EntryGraph.modelName(savedModel: bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        return faultInPayload(bytes) ?? faultInName(text) ?? faultInPath(text)
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
}
