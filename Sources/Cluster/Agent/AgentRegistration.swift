public import ServingPrimitives

/// What a container tells others of itself: its ephemeral nodes, from how its servables are. A plain value.
public struct AgentRegistration: Sendable, Hashable {
    private enum Form: Hashable {
        case container(ClusterPaths, Container, ContainerService)
        case replicas(namespace: String, baseName: String, location: ServicePath.Location?, replicaID: Int64)
    }

    private let form: Form
    private let endpoints: AgentEndpoints

    /// - Parameter layout: its path; `nil` where the models are those of a folder.
    /// - Throws: `INVALID_ARGUMENT`: what of the configuration cannot be the name of a node.
    public init(
        _ configuration: AgentConfiguration,
        _ environment: AgentEnvironment,
        _ endpoints: AgentEndpoints,
        layout: String? = nil
    ) throws(ServingError) {
        self.endpoints = endpoints
        guard let namespace = configuration.namespace else {
            throw .invalidArgument("bzid is not given; expected the name that the nodes of this deployment lie below")
        }
        guard configuration.version != 1 else {
            let id = environment.replicaID(configuration)
            form = .replicas(
                namespace: namespace,
                baseName: try configuration.serviceName(),
                location: try configuration.location(environment),
                replicaID: id >= 0 ? id : Self.replicaID(endpoints)
            )
            return
        }
        let service = ContainerService(
            grpc: endpoints.address(endpoints.grpcPort),
            http: endpoints.httpPort.map(endpoints.address),
            agent: endpoints.agentPort.map(endpoints.address),
            dataCentre: environment.dataCentre,
            debugInfo: ContainerService.debugInfo(
                layoutPath: layout,
                filters: configuration.layoutFilters.map(\.text)
            )
        )
        form = .container(
            try ClusterPaths(namespace: namespace),
            environment.container(localAddress: endpoints.host),
            service
        )
    }

    /// - Parameter states: by the servables' own names.
    public func nodes(_ states: [String: ServedState]) -> [RegisteredNode] {
        switch form {
        case .container(let paths, let container, let service):
            let available = states.filter(\.value.answers).keys.sorted().compactMap { SavedModelName($0) }
            return RegisteredNode.container(container, service, available: available, paths)
        case .replicas(let namespace, let baseName, let location, let replicaID):
            var replicas: [(place: ServicePath, meta: ReplicaMeta)] = []
            for (name, state) in states.sorted(by: { $0.key < $1.key }) {
                // Models of another kind have no nodes.
                guard let (type, index) = ServicePath.task(ofServable: name) else { continue }
                let place = ServicePath(
                    namespace: namespace,
                    baseName: baseName,
                    location: location,
                    serverType: type,
                    index: index,
                    replicaID: replicaID
                )
                replicas.append((place, meta(state, endpoints.grpcPort(servable: name))))
            }
            return RegisteredNode.replicas(replicas)
        }
    }

    private func meta(_ state: ServedState, _ port: Int) -> ReplicaMeta {
        var meta = ReplicaMeta()
        meta.address = endpoints.address(port)
        meta.addressIPv6 = endpoints.hostIPv6.map { AgentEndpoints.address($0, port) }
        // One that is there and in trouble is not to be asked.
        let stateOfOthers = state.state == ReplicaMeta.availableState ? 0 : state.state
        meta.state = state.answers ? ReplicaMeta.availableState : stateOfOthers
        return meta
    }

    /// Where nothing says which replica this is: a number that no other container has.
    private static func replicaID(_ endpoints: AgentEndpoints) -> Int64 {
        let digest = MD5.digest(of: endpoints.address(endpoints.grpcPort))
        return digest[5..<10].reduce(0) { $0 << 8 | Int64($1) }
    }
}
