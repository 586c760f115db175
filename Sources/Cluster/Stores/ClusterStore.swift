public import ServingPrimitives

/// Where a deployment keeps what it knows of itself: a tree of small nodes, as ZooKeeper has it, that can be watched.
///
/// Calls block, for a bounded time: they are for a thread of the caller's, never for an event loop. They fail with
/// `UNAVAILABLE` while the store is not connected, and then may or may not have been done.
public protocol ClusterStore: AnyObject, Sendable {
    /// Begins a session; called once. Events come one after another, until `close` has returned.
    ///
    /// - Parameter onEvent: must neither block nor call the store.
    func start(_ onEvent: @escaping @Sendable (ClusterEvent) -> Void)

    /// What a node holds; the next change of it is an event, also that it comes to be.
    ///
    /// - Returns: `nil` where there is no node.
    func contents(of path: String) throws(ServingError) -> [UInt8]?

    /// Names of the nodes right below a node, in any order; the next change of them is an event, also that the node comes
    /// to be.
    ///
    /// - Returns: `nil` where there is no node.
    func children(of path: String) throws(ServingError) -> [String]?

    /// The session that an ephemeral node ends with; 0 for a persistent one.
    ///
    /// - Returns: `nil` where there is no node.
    func owner(of path: String) throws(ServingError) -> Int64?

    /// - Returns: `false` where there is a node already.
    /// - Throws: `NOT_FOUND` when there is none to be below.
    func create(_ path: String, _ contents: [UInt8], _ lifetime: NodeLifetime) throws(ServingError) -> Bool

    /// - Returns: `false` where there is no node.
    func set(_ path: String, _ contents: [UInt8]) throws(ServingError) -> Bool

    /// - Returns: `false` where there is no node.
    /// - Throws: `FAILED_PRECONDITION` when there are nodes below it.
    func delete(_ path: String) throws(ServingError) -> Bool

    /// Ends the session, and so its ephemeral nodes.
    func close()
}

public enum NodeLifetime: Sendable, Hashable {
    case persistent
    /// Ends with the session that made it.
    case ephemeral
}

public enum ClusterEvent: Sendable, Hashable {
    case state(ClusterStoreState)
    /// The node, or what is right below it, is not what was read any more. Comes once for each reading.
    case changed(path: String)
}

public enum ClusterStoreState: Sendable, Hashable {
    /// For the first time, or again: ephemeral nodes are there as long as the servers wait. Why it takes so long, where that
    /// is known.
    case connecting(reason: String?)
    /// A session with another number than before has neither the ephemeral nodes nor the watches of the one before.
    case connected(session: Int64)
    /// The session has ended, and a new one begins.
    case expired
    /// The servers do not accept the name and password; they are asked again now and then.
    case refused
}

extension ClusterStore {
    /// Creates a node, and persistent, empty ones for it to be below, where there are none.
    ///
    /// - Returns: `false` where there is a node already.
    public func createWithParents(
        _ path: String,
        _ contents: [UInt8],
        _ lifetime: NodeLifetime
    ) throws(ServingError) -> Bool {
        do throws(ServingError) {
            return try create(path, contents, lifetime)
        } catch {
            guard error.code == .notFound else { throw error }
        }
        for parent in NodeName.parents(of: path) { _ = try create(parent, [], .persistent) }
        return try create(path, contents, lifetime)
    }

    /// Makes a persistent node hold that, whether it was there or not.
    public func put(_ path: String, _ contents: [UInt8]) throws(ServingError) {
        // Somebody else may create or delete it in between.
        for _ in 0..<3 {
            if try set(path, contents) { return }
            if try createWithParents(path, contents, .persistent) { return }
        }
        throw ServingError(.aborted, "\(path) is created and deleted by somebody else at the same time")
    }
}
