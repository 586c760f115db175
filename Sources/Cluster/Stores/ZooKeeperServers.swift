public import ServingPrimitives

/// Servers of ZooKeeper's, `HOST:PORT,HOST:PORT`, and below which node of theirs all paths are: `/PATH` behind the last.
public struct ZooKeeperServers: Sendable, Hashable, CustomStringConvertible {
    public static let maximumCount = 100

    public let addresses: [ReplicaAddress]
    /// `nil` for the root.
    public let root: String?

    /// Spaces beside commas do no harm; a server without a port has 2181.
    ///
    /// - Throws: `INVALID_ARGUMENT` with the part that is no server.
    public init(_ text: String) throws(ServingError) {
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        let root = String(text[slash...])
        guard root.isEmpty || root == "/" || NodeName.isPath(root) else {
            throw .invalidArgument("zk_servers: \"\(root)\" is no path of a node")
        }
        let parts = text[..<slash].split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= Self.maximumCount else {
            throw .invalidArgument("zk_servers names \(parts.count) servers; at most \(Self.maximumCount) are taken")
        }
        var addresses: [ReplicaAddress] = []
        for part in parts {
            let name = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            guard let address = ReplicaAddress(name) ?? ReplicaAddress("\(name):2181") else {
                throw .invalidArgument("zk_servers: \"\(name)\" is no server; expected HOST:PORT,HOST:PORT")
            }
            addresses.append(address)
        }
        self.addresses = addresses
        self.root = root.isEmpty || root == "/" ? nil : root
    }

    /// As the C client takes it.
    public var description: String { addresses.map(\.description).joined(separator: ",") + (root ?? "") }
}
