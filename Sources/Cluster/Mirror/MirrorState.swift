/// Which nodes of a scope are known, and which are to be read anew. A plain value: `ClusterMember` reads.
struct MirrorState {
    private(set) var nodes = MirroredNodes()
    /// Readings whose watches have told of no change.
    private var fresh: Set<NodeReading> = []
    private let scope: ClusterScope

    init(_ scope: ClusterScope) { self.scope = scope }

    mutating func changed(path: String) {
        fresh.remove(.contents(path))
        fresh.remove(.children(path))
    }

    /// All is to be read anew: watches are gone with their session, or not to be relied on.
    mutating func restart() { fresh = [] }

    /// What is to be read; what it tells may call for more.
    var missing: [NodeReading] { scope.readings(nodes).filter { !fresh.contains($0) } }

    mutating func took(contents: [UInt8]?, of path: String) {
        nodes.contents.updateValue(contents, forKey: path)
        fresh.insert(.contents(path))
    }

    mutating func took(children: [String]?, of path: String) {
        nodes.children.updateValue(children, forKey: path)
        fresh.insert(.children(path))
    }

    /// Forgets what is out of scope, so that what comes back is read again.
    mutating func prune() {
        let readings = Set(scope.readings(nodes))
        nodes.contents = nodes.contents.filter { readings.contains(.contents($0.key)) }
        nodes.children = nodes.children.filter { readings.contains(.children($0.key)) }
        fresh.formIntersection(readings)
    }
}
