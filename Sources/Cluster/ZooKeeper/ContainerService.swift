public import ServingPrimitives

/// What a node below `container_service` holds: where a container answers.
public struct ContainerService: Sendable, Hashable {
    /// `ADDRESS:PORT`, as all but the last two.
    public var grpc: String?
    public var http: String?
    public var archon: String?
    public var agent: String?
    /// The data centre.
    public var dataCentre: String?
    /// For people: JSON again.
    public var debugInfo: String?

    public init(
        grpc: String?,
        http: String? = nil,
        archon: String? = nil,
        agent: String? = nil,
        dataCentre: String? = nil,
        debugInfo: String? = nil
    ) {
        self.grpc = grpc
        self.http = http
        self.archon = archon
        self.agent = agent
        self.dataCentre = dataCentre
        self.debugInfo = debugInfo
    }

    /// - Throws: `INVALID_ARGUMENT`: what is wrong with it.
    public init(node bytes: [UInt8]) throws(ServingError) {
        let object = try NodeObject(bytes, of: "a container's service")
        grpc = try object.text("grpc")
        http = try object.text("http")
        archon = try object.text("archon")
        agent = try object.text("agent")
        dataCentre = try object.text("idc")
        debugInfo = try object.text("debug_info")
    }

    public var node: [UInt8] {
        NodeObject.bytes([
            "grpc": .text(grpc), "http": .text(http), "archon": .text(archon), "agent": .text(agent),
            "idc": .text(dataCentre), "debug_info": .text(debugInfo),
        ])
    }

    /// What agents tell people about themselves.
    public static func debugInfo(layoutPath: String?, filters: [String]) -> String {
        let path = layoutPath.map(NodeObject.quoted) ?? "null"
        let list = filters.map(NodeObject.quoted).joined(separator: ", ")
        return "{\"layout_path\": \(path), \"layout_filters\": [\(list)]}"
    }
}
