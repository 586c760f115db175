public import ServingConfig
public import ServingPrimitives

extension ModelServerFlags {
    /// The configuration these flags and the files they name mean. Checks come in the stock server's order: of two
    /// problems a user is told the one that server names.
    ///
    /// - Throws: what is wrong, in the stock server's words. What is wrong inside a text file is on standard error.
    public func configuration() throws(ServingError) -> ServerConfiguration {
        try checkTogether()
        var configuration = ServerConfiguration()
        applyNetwork(to: &configuration)
        applyTLS(to: &configuration)
        configuration.grpc.channelArguments = try ChannelArgumentList.parse(grpcChannelArguments)
        configuration.warnings += configuration.grpc.channelArgumentWarnings
        applyControl(to: &configuration)
        try applyPlacement(to: &configuration)
        try applyModels(to: &configuration)
        applyLoading(to: &configuration)
        try applyStores(to: &configuration)
        try applyEmbedding(to: &configuration)
        try applyScheduling(to: &configuration)
        applyRequestLogs(to: &configuration)
        try applyTelemetry(to: &configuration)
        if platformConfigFile.isEmpty {
            try applyPlatform(to: &configuration)
        } else {
            try applyPlatformConfigFile(to: &configuration)
        }
        try checkThreadPoolFactory()
        // Last, and only where there is REST, as the stock server reads it.
        if configuration.rest.port != nil { configuration.monitoring = try monitoring() }
        configuration.warnings += warnings
        return configuration
    }

    /// What can be said before any file is read.
    private func checkTogether() throws(ServingError) {
        if port == 0, grpcSocketPath.isEmpty {
            throw .invalidArgument(
                "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set."
            )
        }
        if altsCredentials {
            if !sslConfigFile.isEmpty {
                throw .invalidArgument("Either use_alts_credentials must be false or ssl_config_file must be empty.")
            }
            // To serve plain text where encryption was asked for would be worse than not to serve.
            throw ServingError(
                .unimplemented,
                "use_alts_credentials is set, and this server has no ALTS; use --ssl_config_file for encryption"
            )
        }
        if modelBasePath.isEmpty, modelConfigFile.isEmpty, modelRepository.isEmpty {
            throw .invalidArgument(
                "Both server_options.model_base_path and server_options.model_config_file are empty!"
            )
        }
    }

    private func applyNetwork(to configuration: inout ServerConfiguration) {
        configuration.grpc.port = port == 0 ? nil : Int(port)
        configuration.grpc.socketPath = grpcSocketPath.isEmpty ? nil : grpcSocketPath
        configuration.grpc.answersAsTensorContent = tensorContent
        configuration.grpc.servesProfiler = profiler
        configuration.rest.port = restPort == 0 || restPort == port ? nil : Int(restPort)
        configuration.rest.timeoutMilliseconds = Int(restTimeout)
        configuration.rest.enableCORS = restCORS
    }

    private func applyLoading(to configuration: inout ServerConfiguration) {
        configuration.loading.pollSeconds = Int(pollSeconds)
        configuration.loading.maximumRetries = Int(loadRetries)
        configuration.loading.retryIntervalMicroseconds = loadRetryInterval
        configuration.loading.threads = Int(loadThreads)
        configuration.loading.unloadThreads = Int(unloadThreads)
        configuration.loading.flushesFileSystemCaches = flushFileSystemCaches
        configuration.loading.allowsLabelsForUnavailableVersions = labelsForUnavailableModels
        configuration.loading.checksSignatureMethodName = methodNameCheck
        configuration.engine.opLibraries = opLibraries.split(separator: ",").map { AbsolutePath.of(String($0)) }
        configuration.engine.compilesWithXLAOnCPU = xlaOnCPU
        configuration.engine.compilesWithXLAOnGPU = xlaOnGPU
    }

    private func applyRequestLogs(to configuration: inout ServerConfiguration) {
        configuration.requestLogFiles.maximumByteCount = Int(requestLogFileMegabytes) << 20
        configuration.requestLogFiles.maximumSeconds = Int(requestLogFileSeconds)
        configuration.requestLogFiles.maximumCount = Int(requestLogFileCount)
        configuration.requestLogFiles.maximumWaitingByteCount = Int(requestLogBufferMegabytes) << 20
    }

    /// What `--platform_config_file` replaces.
    private func applyPlatform(to configuration: inout ServerConfiguration) throws(ServingError) {
        configuration.batching = try batching()
        try applySession(to: &configuration)
        configuration.loading.savedModelTags = savedModelTags.split(
            separator: ",",
            omittingEmptySubsequences: false
        ).map(String.init)
        configuration.loading.warmsUp = modelWarmUp
        configuration.loading.warmUpIterations = max(Int(warmUpIterations), 1)
        configuration.loading.prefersTFLite = preferTFLite
        configuration.loading.tflitePools = given.contains("num_tflite_pools") ? Int(tflitePools) : 0
        configuration.loading.tfliteInterpretersPerPool = Int(tfliteInterpretersPerPool)
    }
}
