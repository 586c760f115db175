/// Ports of a container, by its configuration, else by its environment, else chosen by the system, which is 0.
public struct AgentPorts: Sendable, Hashable {
    /// Of the server's gRPC: the entry's, where a deployment has ports for several parts.
    public let grpc: Int
    /// Of the server's REST.
    public let http: Int
    /// Of the service that tells entries of others where replicas are.
    public let agent: Int
    /// gRPC's of further parts of a mixed deployment, where they were given; the same server answers on all of them.
    public let further: [AgentConfiguration.DeployType: Int]

    public init(_ configuration: AgentConfiguration, _ environment: AgentEnvironment) {
        func port(_ given: Int64?, _ index: Int) -> Int? {
            given.map { Int($0) } ?? environment.ports[index]
        }
        let ports = configuration.ports
        agent = port(ports.agent, 2) ?? 0
        switch configuration.effectiveDeployType {
        case .unified: (grpc, http) = (port(ports.grpc, 3) ?? 0, port(ports.http, 4) ?? 0)
        case .ps: (grpc, http) = (port(ports.psGRPC, 3) ?? 0, port(ports.psHTTP, 4) ?? 0)
        case .dense: (grpc, http) = (port(ports.denseGRPC, 3) ?? 0, port(ports.denseHTTP, 4) ?? 0)
        case .entry, .mixed: (grpc, http) = (port(ports.entryGRPC, 3) ?? 0, port(ports.entryHTTP, 4) ?? 0)
        }
        var further: [AgentConfiguration.DeployType: Int] = [:]
        if configuration.effectiveDeployType == .mixed {
            further[.ps] = port(ports.psGRPC, 5)
            if configuration.servesDenseAlone { further[.dense] = port(ports.denseGRPC, 8) }
        }
        let main = grpc
        self.further = further.filter { $0.value != 0 && $0.value != main }
    }
}
