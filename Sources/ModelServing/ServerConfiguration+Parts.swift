import AccessControl
import EngineTensorFlow
import EventLoopSupport
import FrontendGRPC
import FrontendREST
import HTTP2Server
import Logging
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import WireFormat

/// What each part of the server is told, from the one configuration.

extension ServerConfiguration {
    /// Whether there is a console, and a port for it.
    var servesConsole: Bool { monitoring.console && rest.port != nil }

    /// Whether the model repository alone says which models are served.
    var discoversModels: Bool {
        modelCache.discoversModels && control.modelRepository != nil && modelConfigFile == nil && models.isEmpty
    }

    /// The file to read again and again, if any.
    var polledModelFile: ModelConfigurationFile? {
        modelConfigPollSeconds > 0 ? modelConfigFile.map { ModelConfigurationFile(path: $0) } : nil
    }
}

extension ServerConfiguration.GRPC {
    func serverConfiguration(_ port: PortSettings = PortSettings()) -> GRPCServerConfiguration {
        var listeners: [GRPCListener] = []
        if !port.isControlPort {
            for port in (self.port.map { [$0] } ?? []) + furtherPorts { listeners.append(.tcp(host: host, port: port)) }
            if let socketPath { listeners.append(.unixSocket(path: socketPath)) }
        }
        var configuration = GRPCServerConfiguration(listeners: listeners)
        configuration.tensorEncoding = answersAsTensorContent ? .content : .typedFields
        configuration.apply(transportSettings)
        configuration.allowsControl = port.allowsControl
        configuration.access = port.access
        configuration.connectionLimit = port.connectionLimit
        configuration.http2.memoryBudget = port.memoryBudget
        configuration.serverVersion = ServerVersion.text
        return configuration
    }
}

extension ServerConfiguration.REST {
    /// `nil` when no REST is served.
    func serverConfiguration(
        _ monitoring: ServerConfiguration.Monitoring,
        _ settings: PortSettings,
        _ limits: ServerConfiguration.Limits
    ) -> RESTConfiguration? {
        // The control port has REST also where there is none for everyone.
        guard let port = settings.isControlPort ? 0 : port else { return nil }
        var configuration = RESTConfiguration(
            host: host,
            port: port,
            timeoutMilliseconds: timeoutMilliseconds > 0 ? UInt64(timeoutMilliseconds) : nil,
            enablesCORS: enableCORS,
            metricsPath: monitoring.prometheusPath
        )
        configuration.allowsControl = settings.allowsControl
        configuration.access = settings.access
        configuration.connectionLimit = settings.connectionLimit
        configuration.memoryBudget = settings.memoryBudget
        configuration.limits.body = limits.restBodyBytes
        configuration.serverVersion = ServerVersion.text
        return configuration
    }
}

extension ServerConfiguration.Loading {
    func policy(_ threads: ThreadCounts) -> LoadPolicy {
        LoadPolicy(
            maximumRetries: maximumRetries,
            retryIntervalNanoseconds: UInt64(max(retryIntervalMicroseconds, 0)).multipliedSaturating(by: 1000),
            loadThreads: threads.loadThreads,
            firstLoadThreads: threads.firstLoadThreads,
            unloadThreads: threads.unloadThreads,
            transition: versionTransition.policy
        )
    }

    /// `nil` when versions are not to be warmed up.
    func warmUp(metrics: ServerMetrics, logger: Logger) -> ModelWarmUp? {
        guard warmsUp else { return nil }
        return ModelWarmUp(iterations: warmUpIterations, threads: warmUpThreads, metrics: metrics, logger: logger)
    }
}

extension ServerConfiguration.VersionTransition {
    fileprivate var policy: VersionTransition {
        switch self {
        case .availabilityPreserving: .availabilityPreserving
        case .resourcePreserving: .resourcePreserving
        }
    }
}

extension ServerConfiguration.Engine {
    func options(logger: Logger) -> TensorFlowOptions { options { logger.warning("\($0)") } }

    func options(log: @escaping @Sendable (String) -> Void) -> TensorFlowOptions {
        var options = TensorFlowOptions(libraryPath: libraryPath, opLibraries: opLibraries, log: log)
        options.setParallelism(
            session: Int(sessionParallelism),
            intraOp: Int(intraOpParallelism),
            interOp: Int(interOpParallelism)
        )
        options.sessionConfig = sessionConfig
        options.loadThreadPool = loadThreadPool.map(Int.init)
        options.gpuMemoryFraction = Double(gpuMemoryFraction)
        options.allowsXLA = compilesWithXLAOnCPU || compilesWithXLAOnGPU
        options.computesInBFloat16 = mixedPrecision == "bfloat16"
        return options
    }
}

extension UInt64 {
    fileprivate func multipliedSaturating(by factor: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
