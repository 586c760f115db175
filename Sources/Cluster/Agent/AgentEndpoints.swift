/// Where a container answers, for others to ask.
public struct AgentEndpoints: Sendable, Hashable {
    /// An address of this machine that others reach.
    public var host: String
    /// Of version 1's two addresses the second; `nil` for none.
    public var hostIPv6: String?
    public var grpcPort: Int
    /// Ports of parts that have one of their own.
    public var furtherPorts: [AgentConfiguration.DeployType: Int]
    public var httpPort: Int?
    public var agentPort: Int?

    public init(
        host: String,
        hostIPv6: String? = nil,
        grpcPort: Int,
        furtherPorts: [AgentConfiguration.DeployType: Int] = [:],
        httpPort: Int? = nil,
        agentPort: Int? = nil
    ) {
        self.host = host
        self.hostIPv6 = hostIPv6
        self.grpcPort = grpcPort
        self.furtherPorts = furtherPorts
        self.httpPort = httpPort
        self.agentPort = agentPort
    }

    /// `HOST:PORT`, as nodes and answers have it.
    public func address(_ port: Int) -> String { Self.address(host, port) }

    /// Where a servable is asked: parts of version 1 may have a port of their own.
    func grpcPort(servable name: String) -> Int {
        let part = ServicePath.task(ofServable: name).flatMap { AgentConfiguration.DeployType(rawValue: $0.type) }
        return part.flatMap { furtherPorts[$0] } ?? grpcPort
    }

    /// All under which this container is asked: nobody asks itself over the network.
    public var replicas: Set<ReplicaAddress> {
        let hosts = [host] + (hostIPv6.map { [$0] } ?? [])
        let ports = [grpcPort] + furtherPorts.values
        return Set(hosts.flatMap { host in ports.compactMap { ReplicaAddress(Self.address(host, $0)) } })
    }

    static func address(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
