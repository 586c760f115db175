public import ServingPrimitives

extension ServerConfiguration {
    /// Everything that is wrong with this configuration, in the words TensorFlow Serving uses where it has any; empty
    /// when the server can start with it. All problems, so that a user mends them in one go.
    public func problems() -> [ServingError] {
        var problems: [ServingError] = []
        func report(_ message: String) { problems.append(.invalidArgument(message)) }

        if grpc.port == nil, grpc.socketPath?.isEmpty ?? true {
            report("At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.")
        }
        for (what, port) in [("gRPC", grpc.port), ("REST", rest.port)] {
            if let port, !(0...65_535).contains(port) {
                report("The \(what) port is \(port); expected a number from 0 to 65535")
            }
        }
        if let path = grpc.socketPath, path.utf8.count > Self.longestSocketPath {
            report("The path of the gRPC socket has \(path.utf8.count) bytes; at most \(Self.longestSocketPath) fit")
        }
        reportControl(report)
        reportBreaker(report)
        modelCache.report(hasDevices: placement != nil, report)
        for problem in grpc.channelArgumentProblems { report(problem) }
        problems += Model.problems(of: models)
        if requestedModels == .custom { problems.append(.customModels) }
        reportLoading(report)
        reportEngine(report)
        stores.report(report)
        embedding.report(report)
        remoteLookups.report(report)
        if let batching {
            problems += batching.parameters.threadProblems()
            // Those of a version are an affair of its load.
            if !batching.isPerModel { problems += batching.parameters.problems() }
        }
        requestLogFiles.report(report)
        placement?.report(report)
        CPUGroup.report(cpuGroups, report)
        problems += telemetry.problems()
        problems += cluster.problems()
        if lifecycle.drainGraceSeconds < 0 {
            report("The drain grace period is \(lifecycle.drainGraceSeconds) seconds; expected 0 or more")
        }
        return problems
    }

    /// What `sockaddr_un` holds on Linux, less the closing zero.
    private static var longestSocketPath: Int { 107 }

    private func reportControl(_ report: (String) -> Void) {
        if let port = control.port {
            if !(0...65_535).contains(port) {
                report("The control port is \(port); expected a number from 0 to 65535")
            } else if port != 0, port == grpc.port || port == rest.port {
                report("The control port is \(port), which is another port, too; expected one of its own")
            }
        }
        if limits.connections < 0 || limits.bytesInFlight < 0 {
            report("The number of connections or of bytes in flight is less than 0; expected 0, which chooses, or more")
        }
        if limits.restBodyBytes < 1 {
            report("The largest REST body has \(limits.restBodyBytes) bytes; expected 1 or more")
        }
        if control.writesConfigurationBack, modelConfigFile == nil {
            report("The model configuration is to be written back, and no file is named for it")
        }
        if let repository = control.modelRepository, !repository.hasPrefix("/") {
            report("The model repository is \(repository); expected an absolute path")
        }
    }

    private func reportBreaker(_ report: (String) -> Void) {
        if breaker.consecutiveFailures < 0 {
            report(
                "The circuit breaker opens after \(breaker.consecutiveFailures) failures; expected 0, which is never, or more"
            )
        }
        if !(0...1).contains(breaker.failureShare) {
            report("The circuit breaker opens at a share of \(breaker.failureShare) failures; expected 0 to 1")
        }
        if !(1...86_400_000).contains(breaker.restMilliseconds) {
            report("The circuit breaker rests for \(breaker.restMilliseconds) ms; expected 1 to 86400000")
        }
    }

    private func reportLoading(_ report: (String) -> Void) {
        if loading.maximumRetries < 0 {
            report("The number of load retries is \(loading.maximumRetries); expected 0 or more")
        }
        if loading.savedModelTags.contains(where: \.isEmpty) || loading.savedModelTags.isEmpty {
            report("The SavedModel tags contain an empty tag; expected a comma-separated list like serve")
        }
        for (what, count) in [("load", loading.threads), ("unload", loading.unloadThreads)]
        where !(0...4096).contains(count) {
            report("The number of \(what) threads is \(count); expected a number from 0 to 4096")
        }
        if !(1...Int(Int32.max)).contains(loading.warmUpIterations) {
            report("The number of warm-up iterations is \(loading.warmUpIterations); expected 1 or more")
        }
        if !(1...256).contains(loading.warmUpThreads) {
            report("The number of warm-up threads is \(loading.warmUpThreads); expected 1 to 256")
        }
    }

    private func reportEngine(_ report: (String) -> Void) {
        let counts = [
            ("tensorflow_session_parallelism", engine.sessionParallelism),
            ("tensorflow_intra_op_parallelism", engine.intraOpParallelism),
            ("tensorflow_inter_op_parallelism", engine.interOpParallelism),
            ("the number of engine threads", Int64(engine.threads)),
            ("the number of event loops", Int64(engine.eventLoops)),
        ]
        for (name, value) in counts where !(0...4096).contains(value) {
            report("\(name) is \(value); expected a number from 0 to 4096")
        }
        if engine.sessionParallelism > 0, engine.intraOpParallelism > 0, engine.interOpParallelism > 0 {
            report(
                "Setting tensorflow_session_parallelism together with tensorflow_intra_op_parallelism and "
                    + "tensorflow_inter_op_parallelism is not possible: the last two replace the first"
            )
        }
    }
}
