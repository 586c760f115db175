public import ServingPrimitives

extension AgentConfiguration {
    /// Which nodes a container of this deployment has to know.
    ///
    /// - Parameter model: of version 3's, whose sub-graphs lie in `base_path`.
    /// - Throws: `INVALID_ARGUMENT`: what is missing, or cannot be the name of a node.
    public func scope(_ environment: AgentEnvironment, model: String?) throws(ServingError) -> ClusterScope {
        guard let namespace else {
            throw .invalidArgument("bzid is not given; expected the name that the nodes of this deployment lie below")
        }
        guard version != 1 else {
            return .service(
                namespace: namespace,
                baseName: try serviceName(),
                location: try location(environment)
            )
        }
        let paths = try ClusterPaths(namespace: namespace)
        if let layoutPattern { return .layout(paths, layout: try paths.layout(layoutPattern)) }
        guard let model, SavedModelName(model: model, subGraph: "entry") != nil else {
            throw .invalidArgument("base_name is not given; expected the model's name")
        }
        return .model(paths, model)
    }

    /// `base_name`, which paths of version 1 have.
    func serviceName() throws(ServingError) -> String {
        guard let baseName, NodeName.isOne(baseName) else {
            throw .invalidArgument(
                "base_name is \(baseName.map { "\"\($0)\"" } ?? "not given"); expected the model's name, which nodes of version 1 have"
            )
        }
        return baseName
    }

    /// Where `dc_aware` containers are.
    func location(_ environment: AgentEnvironment) throws(ServingError) -> ServicePath.Location? {
        guard isDataCentreAware else { return nil }
        guard let dataCentre = environment.dataCentre, let cluster = environment.cluster else {
            throw .invalidArgument(
                "dc_aware is true; expected the data centre in TCE_INTERNAL_IDC and the cluster in TCE_LOGICAL_CLUSTER"
            )
        }
        return ServicePath.Location(dataCentre: dataCentre, cluster: cluster)
    }
}
