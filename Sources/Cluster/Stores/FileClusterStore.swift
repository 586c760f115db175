public import ServingPrimitives

/// A store of the nodes in a `NodeFile`, which is looked at again and again: for deployments without ZooKeeper whose replicas
/// are at addresses that somebody wrote down. Nodes that are created through it are seen by this process only.
///
/// A file that cannot be read, or is wrong, counts as a store that is away: the nodes stay as they were.
public final class FileClusterStore: ClusterStore, @unchecked Sendable {
    // Sendable: `lock` guards what changes.
    private let path: String
    private let pollNanoseconds: UInt64
    private let tree = ClusterTree()
    private let store: MemoryClusterStore
    private let lock = WaitableLock()
    private var isClosed = false
    private var hasEnded = true

    public init(path: String, pollNanoseconds: UInt64 = 1_000_000_000) {
        self.path = path
        self.pollNanoseconds = pollNanoseconds
        store = MemoryClusterStore(tree)
    }

    public func start(_ onEvent: @escaping @Sendable (ClusterEvent) -> Void) {
        lock.withLock { hasEnded = false }
        startThread(named: "cluster-file") { self.run(onEvent) }
    }

    private func run(_ onEvent: @escaping @Sendable (ClusterEvent) -> Void) {
        var last: [UInt8]?
        var problem: ServingError?
        repeat {
            do throws(ServingError) {
                let bytes = try LocalFile.contents(of: path, limit: NodeFile.maximumLength)
                if bytes != last { tree.replacePersistent(try NodeFile(bytes, file: path).nodes) }
                if last == nil {
                    store.start(onEvent)
                } else if problem != nil {
                    store.tellState()
                }
                (last, problem) = (bytes, nil)
            } catch {
                if error != problem { onEvent(.state(.connecting(reason: error.message))) }
                problem = error
            }
        } while !waitForPoll()
        store.close()
        lock.withLock {
            hasEnded = true
            lock.wakeAll()
        }
    }

    /// Whether the store has been closed.
    private func waitForPoll() -> Bool {
        let time = MonotonicTime.now().advanced(byNanoseconds: pollNanoseconds)
        return lock.withLock {
            while !isClosed, lock.wait(until: time) {}
            return isClosed
        }
    }

    public func close() {
        lock.withLock {
            isClosed = true
            lock.wakeAll()
            while !hasEnded { lock.wait() }
        }
    }

    // MARK: Nodes

    public func contents(of path: String) throws(ServingError) -> [UInt8]? { try store.contents(of: path) }

    public func children(of path: String) throws(ServingError) -> [String]? { try store.children(of: path) }

    public func owner(of path: String) throws(ServingError) -> Int64? { try store.owner(of: path) }

    public func create(
        _ path: String,
        _ contents: [UInt8],
        _ lifetime: NodeLifetime
    ) throws(ServingError) -> Bool {
        try store.create(path, contents, lifetime)
    }

    public func set(_ path: String, _ contents: [UInt8]) throws(ServingError) -> Bool {
        try store.set(path, contents)
    }

    public func delete(_ path: String) throws(ServingError) -> Bool { try store.delete(path) }
}
