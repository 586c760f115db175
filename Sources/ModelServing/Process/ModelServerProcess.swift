import EngineTensorFlow
public import Logging
public import ServingConfig
public import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A process that is a model server: what both executables run.
public enum ModelServerProcess {
    /// Serves until the first SIGTERM or SIGINT, drains, and returns. The process must end through `leave`.
    ///
    /// - Parameter deployment: what the server is a part of, and `configuration` was made for; `nil` for none.
    /// - Throws: why the server could not start; the log says it, too.
    public static func run(
        _ configuration: ServerConfiguration,
        deployment: AgentSettings? = nil,
        logLevel: Logger.Level = .info
    ) async throws(ServingError) {
        let signals = TerminationSignals()
        var logger = Logger(label: "apus", factory: configuration.telemetry.logFormat.makeHandler)
        logger.logLevel = logLevel
        for warning in configuration.warnings { logger.warning("\(warning)") }
        do throws(ServingError) {
            try await serve(configuration, deployment, until: signals, logger: logger)
        } catch {
            logger.error("The server could not start", metadata: ["error": "\(error)"])
            throw error
        }
        logger.info("Shut down")
    }

    private static func serve(
        _ configuration: ServerConfiguration,
        _ deployment: AgentSettings?,
        until signals: TerminationSignals,
        logger: Logger
    ) async throws(ServingError) {
        let engine = try engine(configuration, logger: logger)
        if configuration.placement != nil { engine.discardLeftovers() }
        let server = try ModelServer(
            configuration: configuration,
            engine: engine,
            deployment: deployment,
            logger: logger
        )
        let hangup = configuration.listensForHangup ? HangupSignal { server.hangUp() } : nil
        try await server.run { [logger] addresses in
            announce(addresses, configuration, to: logger)
            await signals.wait()
            logger.info("Shutting down: answers in flight finish first; a second signal ends the process at once")
        }
        await server.shutdown()
        withExtendedLifetime(hangup) {}
    }

    /// TensorFlow, with its library found and the op libraries of `configuration` loaded.
    static func engine(
        _ configuration: ServerConfiguration,
        logger: Logger
    ) throws(ServingError) -> TensorFlowEngine {
        let engine = TensorFlowEngine(options: configuration.engine.options(logger: logger))
        try engine.findLibrary()
        try engine.loadOpLibraries()
        return engine
    }

    /// Ends the process without running the destructors of TensorFlow's globals: a run that outlived the grace period may
    /// still use them on its thread, and would crash.
    public static func leave(_ status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }

    /// The version of the TensorFlow library that would be used, or why there is none.
    public static var engineVersion: String {
        do {
            return try TensorFlowEngine().libraryVersion()
        } catch {
            return error.message
        }
    }

    /// In the words that scripts around TensorFlow Serving wait for.
    private static func announce(
        _ addresses: ModelServer.Addresses,
        _ configuration: ServerConfiguration,
        to logger: Logger
    ) {
        for address in addresses.grpc {
            if address.hasPrefix("unix:") {
                logger.info("Running gRPC ModelServer at UNIX socket \(address.dropFirst("unix:".count)) ...")
            } else {
                logger.info("Running gRPC ModelServer at \(address) ...")
            }
        }
        if let port = addresses.controlPort {
            logger.info("Running the control port at \(configuration.control.host):\(port) ...")
        }
        if let port = addresses.agentPort {
            logger.info("Running the agent's service at \(configuration.grpc.host):\(port) ...")
        }
        if let port = addresses.restPort { logger.info("Exporting HTTP/REST API at:localhost:\(port) ...") }
    }
}
