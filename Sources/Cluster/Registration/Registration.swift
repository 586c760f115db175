public import ServingPrimitives

/// What of a container's nodes is in the store, and what is to be done about the rest. A plain value: `Registrar` does it.
public struct Registration: Sendable, Hashable {
    public enum Action: Sendable, Hashable {
        case create(RegisteredNode)
        case set(RegisteredNode)
        case delete(path: String)
    }

    /// The session that the nodes in `present` end with; `nil` while there is none.
    public private(set) var session: Int64?
    /// Made in that session.
    public private(set) var present: [String: [UInt8]] = [:]

    public init() {}

    /// A session is there. With another one than before nothing is present any more.
    public mutating func begin(session: Int64) {
        guard session != self.session else { return }
        self.session = session
        present = [:]
    }

    /// What makes the nodes in the store those that are desired: first what is new, in the order of `desired`, then what is no
    /// longer so, the other way round.
    public func actions(_ desired: [RegisteredNode]) -> [Action] {
        guard session != nil else { return [] }
        var actions: [Action] = []
        for node in desired {
            switch present[node.path] {
            case nil: actions.append(.create(node))
            case node.contents: break
            case .some: actions.append(.set(node))
            }
        }
        let wanted = Set(desired.map(\.path))
        return actions + present.keys.filter { !wanted.contains($0) }.sorted(by: >).map { .delete(path: $0) }
    }

    public mutating func done(_ action: Action) {
        switch action {
        case .create(let node), .set(let node): present[node.path] = node.contents
        case .delete(let path): present[path] = nil
        }
    }

    /// Somebody else has deleted or replaced it, so that it is to be made again.
    public mutating func lost(path: String) { present[path] = nil }
}

extension Registration {
    /// Does what is to be done. Blocks.
    ///
    /// - Throws: the first failure; what was done before is known, and the rest is done next time.
    public mutating func apply(_ desired: [RegisteredNode], _ store: any ClusterStore) throws(ServingError) {
        for action in actions(desired) {
            switch action {
            case .create(let node): try create(node, store)
            case .set(let node):
                guard try store.set(node.path, node.contents) else {
                    lost(path: node.path)
                    try create(node, store)
                    break
                }
            case .delete(let path): _ = try store.delete(path)
            }
            done(action)
        }
    }

    /// Looks whether what is present still is, and is this session's. Blocks.
    public mutating func verify(_ store: any ClusterStore) throws(ServingError) {
        for path in present.keys.sorted() where try store.owner(of: path) != session { lost(path: path) }
    }

    private func create(_ node: RegisteredNode, _ store: any ClusterStore) throws(ServingError) {
        for _ in 0..<3 {
            if try store.createWithParents(node.path, node.contents, .ephemeral) { return }
            // Either the answer to an earlier try was lost, or the servers have not ended the session of this container's
            // process before: that node would go when they do.
            guard try store.owner(of: node.path) == session else {
                _ = try store.delete(node.path)
                continue
            }
            if try store.set(node.path, node.contents) { return }
        }
        throw ServingError(.aborted, "\(node.path) is created and deleted by somebody else at the same time")
    }
}
