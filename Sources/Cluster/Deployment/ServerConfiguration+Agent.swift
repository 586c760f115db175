public import ServingConfig

extension ServerConfiguration {
    /// Takes over what the agent's configuration hands on to the server, but for files, which are to be read first.
    public mutating func apply(_ agent: AgentConfiguration) {
        let server = agent.server
        loading.pollSeconds = Int(clamping: server.fileSystemPollSeconds)
        loading.maximumRetries = Int(clamping: server.maximumLoadRetries)
        loading.retryIntervalMicroseconds = server.loadRetryIntervalMicroseconds
        loading.threads = Int(clamping: server.loadThreads)
        loading.unloadThreads = Int(clamping: server.unloadThreads)
        loading.flushesFileSystemCaches = server.flushesFileSystemCaches
        loading.allowsLabelsForUnavailableVersions = server.allowVersionLabelsForUnavailableModels
        loading.warmsUp = server.enableModelWarmup
        loading.checksSignatureMethodName = server.checksSignatureMethodName
        if let tags = server.savedModelTags {
            loading.savedModelTags = tags.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        // 0 leaves it to us, there as here.
        if server.sessionParallelism != 0 { engine.sessionParallelism = server.sessionParallelism }
        if server.intraOpParallelism != 0 { engine.intraOpParallelism = server.intraOpParallelism }
        if server.interOpParallelism != 0 { engine.interOpParallelism = server.interOpParallelism }
        if server.gpuMemoryFraction != 0 { engine.gpuMemoryFraction = Float(server.gpuMemoryFraction) }
        engine.compilesWithXLAOnCPU = server.compilesWithXLAOnCPU
        grpc.servesProfiler = grpc.servesProfiler && server.enableProfiler
        if let limit = agent.lookups.timeoutMilliseconds { remoteLookups.timeoutMilliseconds = Int(limit) }
        remoteLookups.retries = remoteLookups.retries && agent.lookups.retries > 0
    }
}
