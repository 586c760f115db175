/// Nodes of a store as they were last read.
public struct MirroredNodes: Sendable, Hashable {
    /// What a reading has found; `nil` where there was no node.
    public internal(set) var contents: [String: [UInt8]?] = [:]
    public internal(set) var children: [String: [String]?] = [:]

    public init() {}

    /// - Parameter contents: of all nodes that there are, but for empty ones that others are below.
    public init(tree contents: [String: [UInt8]]) {
        var names: [String: Set<String>] = [:]
        for path in contents.keys {
            for node in NodeName.parents(of: path) + [path] {
                self.contents[node] = .some(contents[node] ?? [])
                names[node, default: []].formUnion([])
                guard let parent = NodeName.parents(of: node).last else { continue }
                names[parent, default: []].insert(String(node.dropFirst(parent.count + 1)))
            }
        }
        for (path, names) in names { children[path] = .some(names.sorted()) }
    }

    func names(below path: String) -> [String]? { children[path] ?? nil }

    func bytes(_ path: String) -> [UInt8]? { contents[path] ?? nil }
}

/// One reading of a store.
public enum NodeReading: Sendable, Hashable {
    case contents(String)
    case children(String)

    var path: String {
        switch self {
        case .contents(let path), .children(let path): path
        }
    }
}
