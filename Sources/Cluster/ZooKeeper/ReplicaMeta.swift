public import ServingPrimitives

/// What a node of version 1 holds: a replica, where it answers and how it is.
public struct ReplicaMeta: Sendable, Hashable {
    /// `HOST:PORT`
    public var address: String?
    /// `[HOST]:PORT`
    public var addressIPv6: String?
    /// `ModelVersionStatus.State` of TensorFlow Serving: 30 is available.
    public var state: Int64 = 0
    public var modelName: String?
    public var serverType: String?
    public var task: Int64 = -1
    public var replica: Int64 = -1
    public var archonAddress: String?
    public var archonAddressIPv6: String?

    public static let availableState: Int64 = 30

    public init() {}

    /// - Throws: `INVALID_ARGUMENT`: what is wrong with it.
    public init(node bytes: [UInt8]) throws(ServingError) {
        let object = try NodeObject(bytes, of: "a replica")
        address = try object.text("address")
        addressIPv6 = try object.text("address_ipv6")
        state = try object.integer("stat") ?? 0
        modelName = try object.text("model_name")
        serverType = try object.text("server_type")
        task = try object.integer("task") ?? -1
        replica = try object.integer("replica") ?? -1
        archonAddress = try object.text("archon_address")
        archonAddressIPv6 = try object.text("archon_address_ipv6")
    }

    public var node: [UInt8] {
        NodeObject.bytes([
            "address": .text(address), "address_ipv6": .text(addressIPv6), "stat": .integer(state),
            "model_name": .text(modelName), "server_type": .text(serverType), "task": .integer(task),
            "replica": .integer(replica), "archon_address": .text(archonAddress),
            "archon_address_ipv6": .text(archonAddressIPv6),
        ])
    }

    public var isAvailable: Bool { state == Self.availableState }

    /// Where it answers gRPC: an address of the family that is preferred, else of the other.
    public func grpcAddress(preferringIPv6: Bool = false) -> ReplicaAddress? {
        let (ipv4, ipv6) = (address.flatMap { ReplicaAddress($0) }, addressIPv6.flatMap { ReplicaAddress($0) })
        return preferringIPv6 ? ipv6 ?? ipv4 : ipv4 ?? ipv6
    }
}
