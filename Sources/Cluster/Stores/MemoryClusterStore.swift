public import ServingPrimitives
import Synchronization

/// A store of nodes in memory, for tests and for deployments without ZooKeeper; what one sees of it others of the same tree
/// see, too. Events come on the thread that causes them.
public final class MemoryClusterStore: ClusterStore {
    private struct State {
        var session: Int64?
        var isAway = false
        var onEvent: (@Sendable (ClusterEvent) -> Void)?
    }

    private let tree: ClusterTree
    private let state = Mutex(State())

    public init(_ tree: ClusterTree) { self.tree = tree }

    public func start(_ onEvent: @escaping @Sendable (ClusterEvent) -> Void) {
        state.withLock { $0.onEvent = onEvent }
        connect()
    }

    /// Begins a new session, as after `expire`.
    public func connect() {
        guard let onEvent = state.withLock({ $0.onEvent }) else { return }
        let session = tree.begin(onEvent)
        state.withLock { state in
            state.session = session
            state.isAway = false
        }
        onEvent(.state(.connected(session: session)))
    }

    /// As when the network is gone; the session stays.
    public func disconnect(reason: String? = nil) {
        let onEvent = state.withLock { state in
            state.isAway = true
            return state.onEvent
        }
        onEvent?(.state(.connecting(reason: reason)))
    }

    /// As when the network is back in time.
    public func reconnect() {
        state.withLock { $0.isAway = false }
        tellState()
    }

    /// Says again that the session is there.
    func tellState() {
        let (session, onEvent) = state.withLock { ($0.session, $0.onEvent) }
        if let session { onEvent?(.state(.connected(session: session))) }
    }

    /// As when servers have not heard of the session for too long.
    public func expire() {
        guard let onEvent = endSession() else { return }
        onEvent(.state(.expired))
    }

    public func close() {
        _ = endSession()
        state.withLock { $0.onEvent = nil }
    }

    private func endSession() -> (@Sendable (ClusterEvent) -> Void)? {
        let (session, onEvent) = state.withLock { state in
            defer { state.session = nil }
            return (state.session, state.onEvent)
        }
        if let session { tree.end(session) }
        return onEvent
    }

    // MARK: Nodes

    public func contents(of path: String) throws(ServingError) -> [UInt8]? {
        tree.contents(of: path, try session(path))
    }

    public func children(of path: String) throws(ServingError) -> [String]? {
        tree.children(of: path, try session(path))
    }

    public func owner(of path: String) throws(ServingError) -> Int64? {
        _ = try session(path)
        return tree.owner(of: path)
    }

    public func create(
        _ path: String,
        _ contents: [UInt8],
        _ lifetime: NodeLifetime
    ) throws(ServingError) -> Bool {
        let session = try session(path)
        return try tree.create(path, contents, owner: lifetime == .ephemeral ? session : 0)
    }

    public func set(_ path: String, _ contents: [UInt8]) throws(ServingError) -> Bool {
        _ = try session(path)
        return tree.set(path, contents)
    }

    public func delete(_ path: String) throws(ServingError) -> Bool {
        _ = try session(path)
        return try tree.delete(path)
    }

    private func session(_ path: String) throws(ServingError) -> Int64 {
        guard NodeName.isPath(path) else { throw .invalidArgument("\"\(path)\" is no path of a node") }
        guard let session = state.withLock({ $0.isAway ? nil : $0.session }) else {
            throw .unavailable("\(path): the store is not connected")
        }
        return session
    }
}
