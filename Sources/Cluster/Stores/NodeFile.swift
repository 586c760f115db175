public import ServingPrimitives

/// Nodes of a deployment in a file, for people without ZooKeeper. A line is `PATH` or `PATH CONTENT`, with everything after
/// the first space being the content; `#` at a line's beginning makes it a comment.
///
///     /demo/layouts/main/recommender:ps_0
///     /demo/saved_models/recommender/ps_0 {"model_base_path": "/exports/ps_0", "version_policy": "latest_once"}
public struct NodeFile: Sendable, Hashable {
    /// With the nodes that those of the file are below.
    public let nodes: [String: [UInt8]]

    public static let maximumLength = 1 << 24
    public static let maximumCount = 100_000

    /// - Parameter file: its path, for errors.
    /// - Throws: `INVALID_ARGUMENT`: every line that is wrong, at most ten of them.
    public init(_ bytes: [UInt8], file: String) throws(ServingError) {
        var nodes: [String: [UInt8]] = [:]
        var parents: Set<String> = []
        var problems: [String] = []
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where problems.count < 10 {
            let line = line.last == 0x0D ? line.dropLast() : line
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            let name = line.prefix { $0 != 0x20 }
            guard let path = String(validating: name, as: UTF8.self), NodeName.isPath(path) else {
                problems.append("\(file):\(index + 1): expected PATH or PATH CONTENT, with an absolute path of names")
                continue
            }
            guard nodes.updateValue(Array(line.dropFirst(name.count + 1)), forKey: path) == nil else {
                problems.append("\(file):\(index + 1): \(path) is there twice")
                continue
            }
            parents.formUnion(NodeName.parents(of: path))
            if nodes.count + parents.count > Self.maximumCount {
                problems.append("\(file):\(index + 1): there are more than \(Self.maximumCount) nodes")
                break
            }
        }
        guard problems.isEmpty else { throw .invalidArgument(problems.joined(separator: "; ")) }
        for parent in parents where nodes[parent] == nil { nodes[parent] = [] }
        self.nodes = nodes
    }
}
