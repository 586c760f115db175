/// Where replicas answer, this container among them: what is told to entries, here and elsewhere. A plain value.
public struct AgentReplicas: Sendable, Hashable {
    /// By servable: `MODEL:SUB_GRAPH`, or `ps_0` with version 1. None is empty.
    public let addresses: [String: [ReplicaAddress]]
    private let isVersion1: Bool
    private let own: Set<ReplicaAddress>

    /// - Parameters:
    ///   - routes: of the store, which may have this container as it was.
    ///   - states: of this container's own servables.
    ///   - endpoints: of this container; `nil` until it answers.
    public init(
        _ configuration: AgentConfiguration,
        routes: [String: KnownCluster.Route],
        states: [String: ServedState],
        endpoints: AgentEndpoints?
    ) {
        isVersion1 = configuration.version == 1
        own = endpoints?.replicas ?? []
        var addresses = routes.mapValues(\.addresses)
        for (name, list) in addresses { addresses[name] = list.filter { [own] in !own.contains($0) } }
        for (name, state) in states where state.answers {
            guard let endpoints, let address = ReplicaAddress(endpoints.address(endpoints.grpcPort(servable: name)))
            else { continue }
            addresses[name, default: []].append(address)
        }
        self.addresses = addresses.filter { !$0.value.isEmpty }
    }

    /// Those on other machines: who is here is not asked over the network.
    public var elsewhere: [String: [ReplicaAddress]] {
        addresses.mapValues { [own] in $0.filter { !own.contains($0) } }.filter { !$0.value.isEmpty }
    }

    /// By the names that entries' heartbeats know: `MODEL:ps_0`, and `ps:0` with version 1.
    ///
    /// - Parameter type: version 1's entries ask for those of one part only.
    public func heartbeat(_ type: AgentConfiguration.DeployType) -> [String: [String]] {
        var answer: [String: [String]] = [:]
        for (name, list) in addresses {
            guard let key = key(of: name, type) else { continue }
            answer[key] = list.map(\.description)
        }
        return answer
    }

    private func key(of name: String, _ type: AgentConfiguration.DeployType) -> String? {
        guard isVersion1 else { return name }
        guard let task = ServicePath.task(ofServable: name), task.type == type.rawValue else { return nil }
        return "\(task.type):\(task.index)"
    }

    /// Where one part of a model answers; none for one that nobody has.
    ///
    /// - Parameter model: empty where there is only one; version 1 has no others.
    public func replicas(_ type: AgentConfiguration.DeployType, _ task: Int, model: String) -> [String] {
        let names: [String]
        if isVersion1 {
            names = type == .entry && task == 0 ? ["entry"] : ["\(type.rawValue)_\(task)"]
        } else {
            let subGraphs = ["\(type.rawValue)_\(task)"] + (type == .entry && task == 0 ? ["entry"] : [])
            names = addresses.keys.filter { name in
                guard let name = SavedModelName(name), subGraphs.contains(name.subGraph) else { return false }
                return model.isEmpty || model == name.model
            }
        }
        // Of two models' shards neither is meant.
        let found = names.compactMap { addresses[$0] }
        return found.count == 1 ? found[0].map(\.description) : []
    }
}
