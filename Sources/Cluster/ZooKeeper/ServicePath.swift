/// A path of version 1 in ZooKeeper: `/BZID/service/BASE_NAME[/IDC:CLUSTER]/TYPE:INDEX[/REPLICA]`.
public struct ServicePath: Sendable, Hashable, CustomStringConvertible {
    /// Where replicas run, in deployments that know data centres.
    public struct Location: Sendable, Hashable, CustomStringConvertible {
        public var dataCentre: String
        public var cluster: String

        public init(dataCentre: String, cluster: String) {
            self.dataCentre = dataCentre
            self.cluster = cluster
        }

        public var description: String { "\(dataCentre):\(cluster)" }
    }

    public var namespace: String
    public var baseName: String
    public var location: Location?
    /// `ps`, `entry` or `dense`.
    public var serverType: String
    public var index: Int
    public var replicaID: Int64?

    public init(
        namespace: String,
        baseName: String,
        location: Location? = nil,
        serverType: String,
        index: Int,
        replicaID: Int64? = nil
    ) {
        self.namespace = namespace
        self.baseName = baseName
        self.location = location
        self.serverType = serverType
        self.index = index
        self.replicaID = replicaID
    }

    /// `nil` for another path.
    public init?(_ path: String) {
        guard path.utf8.count <= 4096 else { return nil }
        var parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[0].isEmpty, Self.isName(parts[1]), parts[2] == "service", Self.isName(parts[3])
        else { return nil }
        let (namespace, baseName) = (String(parts[1]), String(parts[3]))
        parts.removeFirst(4)
        // A location and a task look alike, but for the task's number; a location has a task behind it.
        var location: Location?
        if parts.count == 3 || parts.count == 2 && Self.pair(parts[1]) != nil {
            guard let (dataCentre, cluster) = Self.pair(parts.removeFirst()) else { return nil }
            location = Location(dataCentre: dataCentre, cluster: cluster)
        }
        guard let (serverType, number) = Self.pair(parts[0]), let index = Self.number(number[...]),
            let index = Int(exactly: index), !serverType.contains("-"), parts.count <= 2
        else { return nil }
        var replicaID: Int64?
        if parts.count == 2 {
            // Containers that nobody has given a name are -1 to Monolith's agent.
            guard let number = parts[1] == "-1" ? -1 : Self.number(parts[1]) else { return nil }
            replicaID = number
        }
        self.init(
            namespace: namespace,
            baseName: baseName,
            location: location,
            serverType: serverType,
            index: index,
            replicaID: replicaID
        )
    }

    /// `ps:0`: what agents call the shard.
    public var task: String { "\(serverType):\(index)" }

    /// `ps_0`, and `entry` for the only one: what servers call it.
    public var servable: String { serverType == "entry" ? "entry" : "\(serverType)_\(index)" }

    /// The task of a servable; `nil` for models of another kind.
    static func task(ofServable name: String) -> (type: String, index: Int)? {
        if name == "entry" { return ("entry", 0) }
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, ["ps", "dense"].contains(parts[0]), let index = number(parts[1]) else { return nil }
        return Int(exactly: index).map { (String(parts[0]), $0) }
    }

    public var description: String {
        let place = location.map { "/\($0)" } ?? ""
        return "/\(namespace)/service/\(baseName)\(place)/\(task)\(replicaID.map { "/\(replicaText($0))" } ?? "")"
    }

    /// Those of entries have eleven digits, so that they are in order beside those that ZooKeeper numbers.
    private func replicaText(_ id: Int64) -> String {
        let digits = String(id)
        guard serverType == "entry", id >= 0 else { return digits }
        return String(repeating: "0", count: max(0, 11 - digits.utf8.count)) + digits
    }

    private static func pair(_ text: Substring) -> (String, String)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, isName(parts[0]), isName(parts[1]) else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.utf8.allSatisfy { ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x5F || $0 == 0x2D }
    }

    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { $0 &- 0x30 < 10 } ? Int64(text) : nil
    }
}
