public import ServingPrimitives

/// What the container's environment says of its place in the deployment.
public struct AgentEnvironment: Sendable, Hashable {
    /// `SHARD_ID`; -1 where none is given.
    public var shardID = -1
    /// `MONOLITH_HOST_SHARD_N`
    public var shardCount: Int?
    /// `REPLICA_ID`
    public var replicaID: Int64?
    /// `MY_POD_NAME`
    public var podName: String?
    /// `MY_HOST_IP`
    public var hostIP: String?
    /// `MY_HOST_IPV6`
    public var hostIPv6: String?
    /// `TCE_INTERNAL_IDC`, in small letters.
    public var dataCentre: String?
    /// `TCE_LOGICAL_CLUSTER`, else `TCE_CLUSTER`, else `TCE_PHYSICAL_CLUSTER`, in small letters.
    public var cluster: String?
    /// `TCE_PSM`
    public var service: String?
    /// `MY_CPU_LIMIT`
    public var cpuLimit: Int?
    /// By number: `PORT` is 1, `PORT2` is 2, to `PORT10`.
    public var ports: [Int: Int] = [:]

    public init() {}

    /// - Throws: `INVALID_ARGUMENT`: every variable that is no number and should be one.
    public init(_ variables: [String: String]) throws(ServingError) {
        var problems: [String] = []
        func text(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
        func number(_ name: String, _ range: ClosedRange<Int>) -> Int? {
            guard let text = text(name) else { return nil }
            if let number = Int(text), range.contains(number) { return number }
            problems.append(
                "\(name) is \"\(text)\"; expected a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
            return nil
        }
        shardID = number("SHARD_ID", -1...1_000_000) ?? -1
        shardCount = number("MONOLITH_HOST_SHARD_N", 1...1_000_000)
        replicaID = number("REPLICA_ID", -1...Int.max).map { Int64($0) }
        podName = text("MY_POD_NAME")
        hostIP = text("MY_HOST_IP")
        hostIPv6 = text("MY_HOST_IPV6")
        dataCentre = text("TCE_INTERNAL_IDC")?.lowercased()
        let clusters = ["TCE_LOGICAL_CLUSTER", "TCE_CLUSTER", "TCE_PHYSICAL_CLUSTER"]
        cluster = clusters.lazy.compactMap(text).first?.lowercased()
        service = text("TCE_PSM")
        cpuLimit = number("MY_CPU_LIMIT", 0...1_000_000)
        for index in 1...10 { ports[index] = number(index == 1 ? "PORT" : "PORT\(index)", 0...65_535) }
        guard problems.isEmpty else { throw .invalidArgument(problems.joined(separator: "; ")) }
    }

    /// The replica's number: what the configuration or, but for version 1, the environment says; else one made of the pod's
    /// name; -1 where there is none.
    public func replicaID(_ configuration: AgentConfiguration) -> Int64 {
        if let id = configuration.replicaID, id >= 0 { return id }
        if configuration.version != 1, let replicaID, replicaID >= 0 { return replicaID }
        guard let podName else { return -1 }
        // Ten digits of the digest in hex, from the eleventh on.
        return MD5.digest(of: podName)[5..<10].reduce(0) { $0 << 8 | Int64($1) }
    }

    /// Which of the containers this is, and what to tell a person about it.
    ///
    /// - Throws: `INVALID_ARGUMENT` when configuration and environment disagree.
    public func shardContext(
        _ configuration: AgentConfiguration
    ) throws(ServingError) -> (context: ShardContext, warnings: [String]) {
        if let given = configuration.shardCount, let shardCount, given != shardCount {
            throw .invalidArgument(
                "num_shard is \(given), and MONOLITH_HOST_SHARD_N is \(shardCount); expected one number"
            )
        }
        let context = ShardContext(
            shardID: shardID,
            shardCount: shardCount ?? configuration.shardCount.map { Int($0) } ?? 1
        )
        guard context.shardID < context.shardCount else {
            throw .invalidArgument(
                "SHARD_ID is \(shardID), and there are \(context.shardCount) shards; expected less than that"
            )
        }
        guard shardID < 0, context.shardCount > 1 else { return (context, []) }
        return (context, ["SHARD_ID is not set: this is taken for shard 0 of \(context.shardCount)"])
    }

    /// How ZooKeeper's nodes name where a container runs, in the words of Monolith's agent.
    ///
    /// - Parameter localAddress: names it where there is no pod's name.
    public func container(localAddress: String) -> Container {
        Container(
            cluster: "\(service ?? "unknown");\(dataCentre ?? "None");\(cluster ?? "None")",
            id: podName ?? hostIP ?? localAddress
        )
    }
}
