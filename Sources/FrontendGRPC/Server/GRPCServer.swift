import AccessControl
public import EngineInterface
import EventLoopSupport
import HTTP2Server
public import Inference
public import Logging
public import NIOCore
import NIOPosix
public import ServingConfig
public import ServingPrimitives
import Synchronization
import Telemetry
public import TransportSecurity

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Serves gRPC on TCP ports and Unix sockets.
public final class GRPCServer: Sendable {
    private let configuration: GRPCServerConfiguration
    private let group: any EventLoopGroup
    private let tls: ServerTLS?
    private let logger: Logger
    private let services: GRPCServices
    /// One for each event loop of the group.
    private let loops: [ObjectIdentifier: GRPCEventLoop]
    private let connections = ConnectionRegistry<ServerConnection>()
    private let listeners = Mutex<[any Channel]>([])

    /// - Parameters:
    ///   - models: what changes of the served models go to; without it they are refused.
    ///   - replicas: what `AgentService` answers from: then that is all that is served, but for health.
    ///   - group: the loops that serve connections; they must outlive `shutdown`.
    ///   - tls: for all listeners; it must offer `h2` by ALPN.
    ///   - tracer: what `ProfilerService` takes its profiles with; `nil` leaves the service out.
    ///   - logger: hears, at debug level, of connections that ended for a fault of the peer.
    public init(
        configuration: GRPCServerConfiguration,
        inference: InferenceService,
        health: ServingHealth,
        models: (any ModelControl)? = nil,
        replicas: (any ReplicaDirectory)? = nil,
        tracer: RunTracer? = nil,
        group: any EventLoopGroup,
        tls: ServerTLS? = nil,
        logger: Logger = Logger(label: "apus.grpc") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.configuration = configuration
        self.group = group
        self.tls = tls
        self.logger = logger
        self.services = GRPCServices(
            inference: inference,
            health: health,
            models: models,
            replicas: replicas,
            configuration: configuration,
            profiler: tracer.map { Profiler(tracer: $0) },
            logger: logger
        )
        var loops: [ObjectIdentifier: GRPCEventLoop] = [:]
        for loop in group.makeIterator() {
            loops[ObjectIdentifier(loop)] = GRPCEventLoop(loop, telemetry: inference.telemetry)
        }
        self.loops = loops
    }

    /// Listens on everything the configuration names. Called once.
    ///
    /// - Returns: the listeners as they are bound, with the port that the system chose in place of 0.
    /// - Throws: which listener cannot be bound and why; nothing is left listening then.
    public func start() async throws(ServingError) -> [GRPCListener] {
        do throws(ServingError) {
            var bound: [GRPCListener] = []
            for listener in configuration.listeners { bound.append(try await listen(on: listener)) }
            return bound
        } catch {
            await closeListeners()
            throw error
        }
    }

    /// Stops accepting, tells every client to go elsewhere, waits for calls in flight, then closes what is left.
    /// Returns when nothing is open any more.
    public func shutdown(gracePeriod: Duration) async {
        await closeListeners()
        services.profiler?.terminate(nil)
        for connection in connections.enter(.draining) { connection.beginDraining() }
        let timer = group.any().scheduleTask(in: TimeAmount(gracePeriod)) { [connections] in
            for connection in connections.enter(.closing) { connection.close() }
        }
        await connections.waitUntilEmpty()
        timer.cancel()
    }

    /// Open connections now.
    public var connectionCount: Int { connections.count }
}

// MARK: - Listening

extension GRPCServer {
    private func listen(on listener: GRPCListener) async throws(ServingError) -> GRPCListener {
        switch listener {
        case .tcp(let host, let port):
            let channel = try await bind(listener) { try await $0.bind(host: host, port: port).get() }
            return .tcp(host: host, port: channel.localAddress?.port ?? port)
        case .unixSocket(let path):
            try UnixSocketFile(path: path).claim()
            _ = try await bind(listener) { try await $0.bind(unixDomainSocketPath: path).get() }
            return listener
        }
    }

    private func bind(
        _ listener: GRPCListener,
        _ bind: (ServerBootstrap) async throws -> any Channel
    ) async throws(ServingError) -> any Channel {
        do {
            let channel = try await bind(bootstrap(for: listener))
            listeners.withLock { $0.append(channel) }
            return channel
        } catch {
            throw .unavailable("cannot listen for gRPC on \(listener): \(error)")
        }
    }

    private static var reusePort: NIOBSDSocket.Option { NIOBSDSocket.Option(rawValue: SO_REUSEPORT) }

    private func bootstrap(for listener: GRPCListener) -> ServerBootstrap {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: configuration.backlog)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.configure(channel) }
            }
        switch listener {
        case .tcp:
            return
                bootstrap
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.socketOption(Self.reusePort), value: configuration.sharesPorts ? 1 : 0)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
        case .unixSocket: return bootstrap
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
        guard let loop = loops[ObjectIdentifier(channel.eventLoop)] else {
            preconditionFailure("a connection runs on an event loop outside the server's group")
        }
        let connection = GRPCConnection(
            loop: loop,
            services: services,
            peer: channel.remoteAddress.map { "\($0)" } ?? "",
            address: loop.telemetry.wantsPeers ? channel.remoteAddress?.ipAddress ?? "" : ""
        )
        let handler = HTTP2ConnectionHandler(configuration: connectionConfiguration(), requestHandler: connection)
        try channel.pipeline.syncOperations.addHandler(handler)
        register(ServerConnection(channel: channel, grpc: connection, http2: handler))
    }

    private func connectionConfiguration() -> HTTP2ServerConfiguration {
        guard let age = configuration.maximumConnectionAge else { return configuration.http2 }
        let tenth = age.nanoseconds / 10
        var result = configuration.http2
        result.connectionAge = .nanoseconds(age.nanoseconds + Int64.random(in: -tenth...tenth))
        return result
    }

    private func register(_ connection: ServerConnection) {
        let (id, phase) = connections.add(connection)
        connection.channel.closeFuture.whenComplete { [connections, logger] _ in
            connections.remove(id)
            guard let reason = connection.failureReason else { return }
            logger.debug("A gRPC connection ended for a fault of the client", metadata: ["reason": "\(reason)"])
        }
        switch phase {
        case .serving: return
        case .draining: connection.beginDraining()
        case .closing: connection.close()
        }
    }

    private func closeListeners() async {
        let open = listeners.withLock { listeners in
            defer { listeners = [] }
            return listeners
        }
        // A listener that is closed already needs nothing.
        for listener in open { try? await listener.close() }
    }
}
