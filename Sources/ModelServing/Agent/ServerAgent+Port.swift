import Cluster
import FrontendGRPC
import HTTP2Server
import ServingPrimitives

extension ServerAgent {
    /// How the agent's own port is served.
    func portConfiguration(_ settings: PortSettings) -> GRPCServerConfiguration {
        let port = GRPCListener.tcp(host: self.settings.host, port: self.settings.ports.agent)
        var configuration = GRPCServerConfiguration(listeners: [port])
        configuration.access = settings.access
        configuration.connectionLimit = settings.connectionLimit
        configuration.http2.memoryBudget = settings.memoryBudget
        return configuration
    }

    /// Opens that port, and says where this server answers on all.
    ///
    /// - Returns: the port that it is.
    func open(_ grpc: GRPCServer, _ addresses: ModelServer.Addresses) async throws(ServingError) -> Int? {
        var agentPort: Int?
        for case .tcp(_, let port) in try await grpc.start() { agentPort = port }
        try use(
            AgentEndpoints(
                host: settings.advertisedHost,
                hostIPv6: settings.environment.hostIPv6,
                grpcPort: addresses.grpcPort ?? 0,
                furtherPorts: settings.ports.further,
                httpPort: addresses.restPort,
                agentPort: agentPort
            )
        )
        return agentPort
    }
}
