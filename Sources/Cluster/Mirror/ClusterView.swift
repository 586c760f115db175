import ServingPrimitives

/// What a container knows of its deployment from the nodes in its scope.
public struct ClusterView: Sendable, Hashable {
    /// `nil` while there is no such layout: nobody has made one yet, or it is lost. Empty is one with nothing in it.
    public var layout: [PublishedModel]?
    /// Where replicas answer, by servable: `MODEL:SUB_GRAPH`, or `ps_0` with version 1. In the order of the addresses, each
    /// once. A servable without replicas that can be asked is not there.
    public var replicas: [String: [ReplicaAddress]] = [:]
    /// Nodes that are wrong, and left out; with their paths.
    public var warnings: [String] = []

    public init() {}

    public init(_ nodes: MirroredNodes, _ scope: ClusterScope, preferringIPv6: Bool = false) {
        switch scope {
        case .layout(let paths, let layout): readLayout(nodes, paths, layout)
        case .model(let paths, let model): readBindings(nodes, paths, [model])
        case .service: readService(nodes, scope, preferringIPv6)
        }
        for name in replicas.keys {
            replicas[name] = Set(replicas[name] ?? []).sorted { $0.description < $1.description }
        }
    }

    // MARK: Version 3

    private mutating func readLayout(_ nodes: MirroredNodes, _ paths: ClusterPaths, _ path: String) {
        guard let entries = nodes.names(below: path) else { return }
        var models: [PublishedModel] = []
        for entry in entries.sorted() {
            guard let name = SavedModelName(entry) else {
                warnings.append("\(path)/\(entry): expected the name MODEL:SUB_GRAPH")
                continue
            }
            models.append(PublishedModel(name, savedModel(nodes, paths.savedModel(name))))
        }
        layout = models
        readBindings(nodes, paths, Set(models.map(\.name.model)).sorted())
    }

    private mutating func readBindings(_ nodes: MirroredNodes, _ paths: ClusterPaths, _ models: [String]) {
        let services = containerServices(nodes, paths)
        for model in models {
            for entry in (nodes.names(below: paths.bindings(of: model)) ?? []).sorted() {
                let path = "\(paths.bindings(of: model))/\(entry)"
                guard let binding = Binding(entry), let name = SavedModelName(model: model, subGraph: binding.subGraph)
                else {
                    warnings.append("\(path): expected the name SUB_GRAPH:CLUSTER:ID")
                    continue
                }
                // One that says where it answers later is seen then.
                guard let service = services[binding.container] else { continue }
                guard let address = service.grpc.flatMap({ ReplicaAddress($0) }) else {
                    warnings.append("\(paths.container(binding.container)): grpc is no address HOST:PORT")
                    continue
                }
                replicas[name.description, default: []].append(address)
            }
        }
    }

    private mutating func savedModel(_ nodes: MirroredNodes, _ path: String) -> SavedModelMeta? {
        guard let bytes = nodes.bytes(path) else { return nil }
        do throws(ServingError) {
            return try SavedModelMeta(node: bytes)
        } catch {
            warnings.append("\(path): \(error.message)")
            return nil
        }
    }

    private mutating func containerServices(
        _ nodes: MirroredNodes,
        _ paths: ClusterPaths
    ) -> [Container: ContainerService] {
        var services: [Container: ContainerService] = [:]
        for entry in (nodes.names(below: paths.containers) ?? []).sorted() {
            guard let container = Container(entry), let bytes = nodes.bytes(paths.container(container)) else {
                continue
            }
            do throws(ServingError) {
                services[container] = try ContainerService(node: bytes)
            } catch {
                warnings.append("\(paths.container(container)): \(error.message)")
            }
        }
        return services
    }

    // MARK: Version 1

    private mutating func readService(_ nodes: MirroredNodes, _ scope: ClusterScope, _ preferringIPv6: Bool) {
        for case .contents(let path) in scope.readings(nodes) {
            guard let place = ServicePath(path), let bytes = nodes.bytes(path) else { continue }
            do throws(ServingError) {
                let meta = try ReplicaMeta(node: bytes)
                guard meta.isAvailable else { continue }
                guard let address = meta.grpcAddress(preferringIPv6: preferringIPv6) else {
                    warnings.append("\(path): neither address nor address_ipv6 is HOST:PORT")
                    continue
                }
                replicas[place.servable, default: []].append(address)
            } catch {
                warnings.append("\(path): \(error.message)")
            }
        }
    }
}
