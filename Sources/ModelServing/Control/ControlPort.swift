import EventLoopSupport
import FrontendGRPC
import FrontendREST
import NIOCore
import NIOPosix
import ServingPrimitives
import Synchronization
import TransportSecurity

/// The port for operators: gRPC and REST on one, told apart by the first bytes of a connection.
final class ControlPort: Sendable {
    private let host: String
    private let port: Int
    private let group: any EventLoopGroup
    private let tls: ServerTLS?
    private let grpc: GRPCServer
    private let rest: RESTServer
    private let listener = Mutex<(any Channel)?>(nil)

    /// - Parameters:
    ///   - tls: must offer `h2` and `http/1.1` by ALPN; `nil` serves plain text.
    ///   - grpc: serves the connections; has no listeners of its own.
    ///   - rest: the same.
    init(
        host: String,
        port: Int,
        group: any EventLoopGroup,
        tls: ServerTLS?,
        grpc: GRPCServer,
        rest: RESTServer
    ) {
        self.host = host
        self.port = port
        self.group = group
        self.tls = tls
        self.grpc = grpc
        self.rest = rest
    }

    /// Opens the port.
    ///
    /// - Returns: the port it listens on, for a configured port of 0.
    func start() async throws(ServingError) -> Int {
        do {
            let channel = try await bootstrap.bind(host: host, port: port).get()
            listener.withLock { $0 = channel }
            return channel.localAddress?.port ?? port
        } catch {
            throw .unavailable("cannot listen for control on \(host):\(port): \(error)")
        }
    }

    private var bootstrap: ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { [tls, grpc, rest] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try tls?.addHandlers(to: pipeline)
                    try pipeline.addHandler(
                        ProtocolChoice { isHTTP2, channel in
                            if isHTTP2 { try grpc.adopt(channel) } else { try rest.adopt(channel) }
                        }
                    )
                }
            }
    }

    /// Stops accepting and ends the connections as the servers behind it end theirs.
    func shutdown(grace: Duration) async {
        let channel = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        // A listener that is closed already needs nothing.
        try? await channel?.close().get()
        await withDiscardingTaskGroup { group in
            group.addTask { [grpc] in await grpc.shutdown(gracePeriod: grace) }
            group.addTask { [rest] in await rest.shutdown(grace: TimeAmount(grace)) }
        }
    }
}
