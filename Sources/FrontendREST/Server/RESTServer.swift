import EventLoopSupport
public import Inference
public import Logging
public import NIOCore
import NIOPosix
public import ServerConsole
public import ServingConfig
import Synchronization
import Telemetry
public import TransportSecurity

/// The REST port: HTTP/1.1 with TensorFlow Serving's `/v1/` paths, the metrics page, and readiness and liveness under
/// `/v2/`.
///
/// | path | answer |
/// | --- | --- |
/// | `GET /`, `/console/...` | the console in the browser, where one is served |
/// | `/metrics`, and the configured path | metrics in Prometheus' text form |
/// | `GET /v1/debug/requests` | the last requests, the slow and the failed ones, with the times of their stages |
/// | `GET /v2/health/live` | 200 as long as the process answers |
/// | `GET /v2/health/ready` | 200 when every model answers, else 503 and which one does not and why |
/// | `GET /v2/models/M[/versions/N]/ready` | the same for one model |
/// | `GET /v1/config`, `POST /v2/repository/index` | every model and its versions |
/// | `GET /v1/routes` | who answers for models that other servers have, and how they do |
/// | `POST /v2/repository/models/M/load`, `unload`, `POST /v1/config/reload` | change what is served, where that is allowed |
public final class RESTServer: Sendable {
    private let configuration: RESTConfiguration
    private let responder: RESTResponder
    private let group: any EventLoopGroup
    private let loops: [ObjectIdentifier: RESTLoop]
    private let tls: ServerTLS?
    private let logger: Logger
    private let listener = Mutex<(any Channel)?>(nil)

    /// - Parameters:
    ///   - models: what changes of the served models go to; without it they are refused.
    ///   - routes: shown where graphs ask models of other servers.
    ///   - deployment: how the server stands to its deployment; `nil` for one that is no part of any.
    ///   - tls: must offer `http/1.1` by ALPN; `nil` serves plain text.
    public init(
        configuration: RESTConfiguration,
        service: InferenceService,
        health: ServingHealth,
        models: (any ModelControl)? = nil,
        deployment: (@Sendable () -> DeploymentReport)? = nil,
        console: ServerConsole? = nil,
        routes: (any RemoteRoutesReporting)? = nil,
        group: any EventLoopGroup,
        tls: ServerTLS? = nil,
        logger: Logger
    ) {
        self.configuration = configuration
        self.responder = RESTResponder(
            service: service,
            health: health,
            models: models,
            deployment: deployment,
            configuration: configuration,
            console: console,
            routes: routes,
            logger: logger
        )
        self.group = group
        self.tls = tls
        self.logger = logger
        var loops: [ObjectIdentifier: RESTLoop] = [:]
        for eventLoop in group.makeIterator() {
            loops[ObjectIdentifier(eventLoop)] = RESTLoop(eventLoop: eventLoop, telemetry: service.telemetry)
        }
        self.loops = loops
    }

    /// Opens the port.
    ///
    /// - Returns: the port it listens on, for a configured port of 0.
    /// - Throws: what binding threw.
    @discardableResult
    public func start() async throws -> Int {
        let channel = try await bind()
        listener.withLock { $0 = channel }
        return channel.localAddress?.port ?? configuration.port
    }

    private func bind() async throws -> any Channel {
        if let host = configuration.host {
            return try await bootstrap.bind(host: host, port: configuration.port).get()
        }
        do {
            return try await bootstrap.bind(host: "::", port: configuration.port).get()
        } catch let error as IOError where error.errnoCode == EAFNOSUPPORT || error.errnoCode == EADDRNOTAVAIL {
            logger.debug("no IPv6; REST listens on IPv4 only", metadata: ["error": "\(error)"])
            return try await bootstrap.bind(host: "0.0.0.0", port: configuration.port).get()
        }
    }

    private var bootstrap: ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.configure(channel) }
            }
    }

    /// Sets up an accepted connection, on its event loop.
    private func configure(_ channel: any Channel) throws {
        if let limit = configuration.connectionLimit, !limit.admit(channel) { throw ChannelError.operationUnsupported }
        try tls?.addHandlers(to: channel.pipeline.syncOperations)
        try adopt(channel)
    }

    /// Serves a connection that somebody else has accepted, whose pipeline has TLS if it needs it. On its event loop, which
    /// must be one of the server's.
    public func adopt(_ channel: any Channel) throws {
        guard let loop = loops[ObjectIdentifier(channel.eventLoop)] else { throw ChannelError.operationUnsupported }
        let handler = RESTConnectionHandler(
            responder: responder,
            configuration: configuration,
            loop: loop,
            address: loop.telemetry.wantsPeers ? channel.remoteAddress?.ipAddress ?? "" : ""
        )
        try channel.pipeline.syncOperations.addHandler(handler)
        // Accepted while the port was closing.
        if loop.isDraining { handler.beginDraining() }
    }

    /// Stops accepting, lets requests that have begun to come be answered with `Connection: close`, and ends idle
    /// connections at once; what is still open after `grace` is cut.
    public func shutdown(grace: TimeAmount) async {
        let channel = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        try? await channel?.close().get()
        await withTaskGroup(of: Void.self) { tasks in
            for loop in loops.values { tasks.addTask { await Self.drain(loop, grace: grace) } }
        }
    }

    private static func drain(_ loop: RESTLoop, grace: TimeAmount) async {
        let drained = loop.eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
            let drained = loop.drain()
            let cut = loop.eventLoop.scheduleTask(in: grace) { loop.closeAll() }
            drained.whenComplete { _ in cut.cancel() }
            return drained
        }
        // Only fails when the loop is gone, and its connections with it.
        try? await drained.get()
    }
}
