public import ServingPrimitives

/// Nodes of a store as they were once, for the next run to begin with: a `NodeFile` whose first line says when that was.
public struct RememberedNodes: Sendable, Hashable {
    public var nodes: MirroredNodes
    /// Seconds since 1970.
    public var time: Int64

    public init(_ nodes: MirroredNodes, time: Int64) {
        self.nodes = nodes
        self.time = time
    }

    private static let beginning = "# what apus last knew of its deployment, at "

    /// - Parameter file: its path, for errors.
    /// - Throws: `INVALID_ARGUMENT`: which line is wrong.
    public init(_ bytes: [UInt8], file: String) throws(ServingError) {
        let digits = bytes.dropFirst(Self.beginning.utf8.count).prefix { $0 &- 0x30 < 10 }
        guard bytes.starts(with: Self.beginning.utf8), let time = Int64(String(decoding: digits, as: UTF8.self)) else {
            throw .invalidArgument("\(file):1: expected \"\(Self.beginning)SECONDS\"")
        }
        nodes = MirroredNodes(tree: try NodeFile(bytes, file: file).nodes)
        self.time = time
    }

    public var text: [UInt8] {
        var lines: [String: [UInt8]] = [:]
        func add(_ path: String, _ contents: [UInt8] = []) {
            // What the file has no form for.
            let isPlain = !path.utf8.contains(0x20) && !contents.contains(0x0A) && contents.last != 0x0D
            if isPlain { lines[path] = contents }
        }
        for (path, names) in nodes.children {
            guard let names else { continue }
            add(path)
            for name in names { add("\(path)/\(name)") }
        }
        for case (let path, .some(let contents)) in nodes.contents { add(path, contents) }
        var text = Array("\(Self.beginning)\(time)\n".utf8)
        for (path, contents) in lines.sorted(by: { $0.key < $1.key }) {
            text += Array(path.utf8) + (contents.isEmpty ? [] : [0x20] + contents) + [0x0A]
        }
        return text
    }
}
