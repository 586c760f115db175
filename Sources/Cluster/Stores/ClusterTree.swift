import ServingPrimitives
import Synchronization

/// The nodes that stores in memory share: what ZooKeeper's servers are to its sessions.
public final class ClusterTree: Sendable {
    private struct Node {
        var contents: [UInt8]
        /// 0 for a persistent node.
        var owner: Int64
    }

    private enum Watch: Hashable {
        case contents(Int64, String)
        case children(Int64, String)

        var session: Int64 {
            switch self {
            case .contents(let session, _), .children(let session, _): session
            }
        }
    }

    private struct State {
        var nodes: [String: Node] = [:]
        var watches: Set<Watch> = []
        var lastSession: Int64 = 0
    }

    /// Whom to tell of what, after the lock is let go.
    typealias Changes = [(session: Int64, path: String)]

    private let state = Mutex(State())
    private let stores = Mutex<[Int64: @Sendable (ClusterEvent) -> Void]>([:])

    public init() {}

    // MARK: Sessions

    func begin(_ onEvent: @escaping @Sendable (ClusterEvent) -> Void) -> Int64 {
        let session = state.withLock { state in
            state.lastSession += 1
            return state.lastSession
        }
        stores.withLock { $0[session] = onEvent }
        return session
    }

    func end(_ session: Int64) {
        stores.withLock { $0[session] = nil }
        let changes: Changes = state.withLock { state in
            state.watches = state.watches.filter { $0.session != session }
            let paths = state.nodes.filter { $0.value.owner == session }.keys.sorted()
            return paths.flatMap { path in
                state.nodes[path] = nil
                return Self.changes(&state, path, ofParent: true)
            }
        }
        tell(changes)
    }

    // MARK: Nodes

    func contents(of path: String, _ session: Int64) -> [UInt8]? {
        state.withLock { state in
            state.watches.insert(.contents(session, path))
            return state.nodes[path]?.contents
        }
    }

    func children(of path: String, _ session: Int64) -> [String]? {
        state.withLock { state in
            guard state.nodes[path] != nil || path == "/" else {
                state.watches.insert(.contents(session, path))
                return nil
            }
            state.watches.insert(.children(session, path))
            return Self.children(state, path)
        }
    }

    func owner(of path: String) -> Int64? { state.withLock { $0.nodes[path]?.owner } }

    func create(_ path: String, _ contents: [UInt8], owner: Int64) throws(ServingError) -> Bool {
        let changes: Changes? = try state.withLock { state throws(ServingError) in
            guard state.nodes[path] == nil else { return nil }
            if let parent = NodeName.parents(of: path).last {
                guard let node = state.nodes[parent] else { throw .notFound("\(path): there is no node \(parent)") }
                guard node.owner == 0 else {
                    throw .failedPrecondition("\(path): \(parent) is ephemeral, and such nodes have none below them")
                }
            }
            state.nodes[path] = Node(contents: contents, owner: owner)
            return Self.changes(&state, path, ofParent: true)
        }
        tell(changes ?? [])
        return changes != nil
    }

    func set(_ path: String, _ contents: [UInt8]) -> Bool {
        let changes: Changes? = state.withLock { state in
            guard state.nodes[path] != nil else { return nil }
            state.nodes[path]?.contents = contents
            return Self.changes(&state, path, ofParent: false)
        }
        tell(changes ?? [])
        return changes != nil
    }

    func delete(_ path: String) throws(ServingError) -> Bool {
        let changes: Changes? = try state.withLock { state throws(ServingError) in
            guard state.nodes[path] != nil else { return nil }
            guard Self.children(state, path).isEmpty else {
                throw .failedPrecondition("\(path): there are nodes below it")
            }
            state.nodes[path] = nil
            return Self.changes(&state, path, ofParent: true)
        }
        tell(changes ?? [])
        return changes != nil
    }

    /// Makes the persistent nodes these, and no others; those of sessions stay.
    func replacePersistent(_ contents: [String: [UInt8]]) {
        let changes: Changes = state.withLock { state in
            var changed: Set<String> = []
            for (path, node) in state.nodes where node.owner == 0 && contents[path] == nil { changed.insert(path) }
            for (path, bytes) in contents where state.nodes[path]?.contents != bytes { changed.insert(path) }
            return changed.sorted().flatMap { path in
                let hasComeOrGone = (state.nodes[path] == nil) != (contents[path] == nil)
                if let bytes = contents[path] {
                    state.nodes[path] = Node(contents: bytes, owner: 0)
                } else {
                    state.nodes[path] = nil
                }
                return Self.changes(&state, path, ofParent: hasComeOrGone)
            }
        }
        tell(changes)
    }

    private static func children(_ state: State, _ path: String) -> [String] {
        let prefix = path == "/" ? "/" : "\(path)/"
        return state.nodes.keys.compactMap { key in
            guard key.hasPrefix(prefix) else { return nil }
            let name = key.dropFirst(prefix.count)
            return name.isEmpty || name.contains("/") ? nil : String(name)
        }
    }

    // MARK: Watches

    /// Takes the watches that a change of the node sets off.
    private static func changes(_ state: inout State, _ path: String, ofParent: Bool) -> Changes {
        let parent = ofParent ? NodeName.parents(of: path).last ?? "/" : nil
        let fired = state.watches.filter { watch in
            switch watch {
            case .contents(_, let watched): watched == path
            case .children(_, let watched): watched == parent || ofParent && watched == path
            }
        }
        state.watches.subtract(fired)
        return fired.map { watch in
            switch watch {
            case .contents(let session, let path), .children(let session, let path): (session, path)
            }
        }
    }

    private func tell(_ changes: Changes) {
        guard !changes.isEmpty else { return }
        let stores = stores.withLock { $0 }
        for change in changes { stores[change.session]?(.changed(path: change.path)) }
    }
}
