import Cluster
public import ServingConfig
public import ServingPrimitives

extension ServerConfiguration {
    /// Takes over what the agent's configuration says of the server, with the files that it names.
    ///
    /// - Throws: what is wrong with one of them.
    public mutating func apply(_ settings: AgentSettings) throws(ServingError) {
        let agent = settings.configuration
        apply(agent)
        grpc.host = settings.host
        grpc.port = settings.ports.grpc
        grpc.furtherPorts = Set(settings.ports.further.values).sorted()
        rest.host = settings.host
        rest.port = settings.ports.http
        if let file = agent.server.sslConfigFile { grpc.tls = .sslConfigFile(file) }
        grpc.channelArguments = try ChannelArgumentList.parse(agent.server.grpcChannelArguments ?? "")
        warnings += grpc.channelArgumentWarnings
        var flags = ModelServerFlags()
        flags.enablesBatching = agent.server.enableBatching
        flags.batchingParametersFile = agent.server.batchingParametersFile ?? ""
        batching = try flags.batching()
        if agent.servesDenseAlone, agent.server.batchingParametersFile == nil { batching?.useDenseParameters() }
        let models = try settings.folder.map { (folder) throws(ServingError) in try settings.models(of: folder).models }
        requestedModels = .list(models ?? [])
        // The deployment says which models there are.
        modelCache.discoversModels = false
        warnings += settings.warnings
    }
}

extension ServerConfiguration.Batching {
    /// What Monolith's agent writes for dense parts that are alone.
    fileprivate mutating func useDenseParameters() {
        parameters.maximumBatchSize = 1024
        parameters.batchTimeoutMicroseconds = 800
        parameters.maximumEnqueuedBatches = 100_000
        parameters.batchThreads = 8
    }
}
