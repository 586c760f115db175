import Inference
import NIOCore
import NIOPosix
import ServingConfig
import ServingTestKit
import TransportSecurity

@testable import FrontendGRPC

/// A gRPC server over fake models on a port of the loopback, stopped at the end of `body`.
func withServer<R>(
    _ serving: TestServing,
    listeners: [GRPCListener] = [.tcp(host: "127.0.0.1", port: 0)],
    tls: ServerTLS? = nil,
    replicas: (any ReplicaDirectory)? = nil,
    configure: (inout GRPCServerConfiguration) -> Void = { _ in },
    _ body: (GRPCServer, [GRPCListener]) async throws -> R
) async throws -> R {
    var configuration = GRPCServerConfiguration(listeners: listeners)
    configure(&configuration)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let server = GRPCServer(
        configuration: configuration,
        inference: serving.inference,
        health: serving.health,
        models: serving.control,
        replicas: replicas,
        group: group,
        tls: tls
    )
    do {
        let result = try await body(server, try await server.start())
        await server.shutdown(gracePeriod: .zero)
        try await group.shutdownGracefully()
        return result
    } catch {
        await server.shutdown(gracePeriod: .zero)
        try await group.shutdownGracefully()
        throw error
    }
}

/// A client's view of such a server.
func withConnection<R>(
    _ serving: TestServing,
    replicas: (any ReplicaDirectory)? = nil,
    configure: (inout GRPCServerConfiguration) -> Void = { _ in },
    _ body: (GRPCTestClient) async throws -> R
) async throws -> R {
    try await withServer(serving, replicas: replicas, configure: configure) { _, listeners in
        let client = try await GRPCTestClient.connect(to: listeners[0])
        let result = try await body(client)
        try? await client.close()
        return result
    }
}
