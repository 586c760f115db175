public import ServingPrimitives

/// A container's part in its deployment: knows who serves what, and lets others know of itself.
///
/// A thread of its own reads the store and writes to it. What was last known stays known while the store is away; what is
/// registered comes back at once with a new session.
public final class ClusterMember: @unchecked Sendable {
    // Sendable: `lock` guards what changes, but for what belongs to the thread.

    public struct Status: Sendable, Hashable {
        public var store = ClusterStoreState.connecting(reason: nil)
        public var known = KnownCluster()
        /// Whether the store has been read whole since it was last connected, so that `known` is as it says.
        public var isCurrent = false
        /// Nodes of this container's that are in the store.
        public var registered: [String] = []
        /// Why something could not be read or registered, for the last time.
        public var problem: ServingError?

        public init() {}
    }

    private let store: any ClusterStore
    private let scope: ClusterScope
    private let prefersIPv6: Bool
    private let refreshNanoseconds: UInt64
    private let onChange: @Sendable (Status) -> Void
    private let onRead: @Sendable (MirroredNodes) -> Void

    private let lock = WaitableLock()
    private var status = Status()
    private var desired: [RegisteredNode] = []
    private var changedPaths: Set<String> = []
    private var hasWork = false
    private var isClosed = false
    private var hasEnded = true

    // The thread's.
    private var mirror: MirrorState
    private var registration = Registration()
    private var delay = RestartDelay(longest: 5_000_000_000)

    /// - Parameters:
    ///   - prefersIPv6: of version 1's two addresses.
    ///   - refreshNanoseconds: everything is read anew after so long, whether a watch tells of a change or not.
    ///   - remembered: nodes of an earlier run: what is known until the store says otherwise.
    ///   - onRead: gets the nodes whenever they were read whole and are others than before; as `onChange`.
    ///   - onChange: called on the member's thread, one after the other; must not call `close`.
    public init(
        _ store: any ClusterStore,
        _ scope: ClusterScope,
        prefersIPv6: Bool = false,
        refreshNanoseconds: UInt64 = 60_000_000_000,
        remembered: MirroredNodes? = nil,
        onRead: @escaping @Sendable (MirroredNodes) -> Void = { _ in },
        onChange: @escaping @Sendable (Status) -> Void
    ) {
        self.store = store
        self.scope = scope
        self.prefersIPv6 = prefersIPv6
        self.refreshNanoseconds = refreshNanoseconds
        self.onChange = onChange
        self.onRead = onRead
        if let remembered {
            status.known.update(ClusterView(remembered, scope, preferringIPv6: prefersIPv6), scope)
        }
        mirror = MirrorState(scope)
    }

    public func start() {
        lock.withLock { hasEnded = false }
        startThread(named: "cluster") { self.run() }
        store.start { event in self.take(event) }
    }

    /// Takes what is registered out of the store, with the session.
    public func close() {
        lock.withLock {
            isClosed = true
            lock.wakeAll()
            while !hasEnded { lock.wait() }
        }
        store.close()
    }

    /// Makes these the container's nodes in the store, and no others; as soon as there is one.
    public func register(_ nodes: [RegisteredNode]) {
        lock.withLock {
            guard desired != nodes else { return }
            desired = nodes
            hasWork = true
            lock.wakeAll()
        }
    }

    public var currentStatus: Status { lock.withLock { status } }

    /// On the store's thread.
    private func take(_ event: ClusterEvent) {
        lock.withLock {
            switch event {
            case .changed(let path): changedPaths.insert(path)
            case .state(let state):
                status.store = state
                status.isCurrent = false
            }
            hasWork = true
            lock.wakeAll()
        }
    }

    // MARK: The thread

    private struct Work {
        var state: ClusterStoreState
        var changed: Set<String>
        var desired: [RegisteredNode]
        /// Nothing has called for it but time.
        var isRefresh: Bool
    }

    private func run() {
        var pause = refreshNanoseconds
        var reported: Status?
        var told: MirroredNodes?
        while let work = next(within: pause) {
            let problem = perform(work)
            pause = problem == nil ? refreshNanoseconds : min(delay.next(afterLifetime: 0), refreshNanoseconds)
            if problem == nil { delay = RestartDelay(longest: 5_000_000_000) }
            let status = report(work.state, problem)
            if status != reported { onChange(status) }
            reported = status
            if status.isCurrent, mirror.nodes != told {
                told = mirror.nodes
                onRead(mirror.nodes)
            }
        }
        lock.withLock {
            hasEnded = true
            lock.wakeAll()
        }
    }

    private func next(within nanoseconds: UInt64) -> Work? {
        let time = MonotonicTime.now().advanced(byNanoseconds: nanoseconds)
        return lock.withLock {
            while !hasWork, !isClosed, lock.wait(until: time) {}
            guard !isClosed else { return nil }
            defer { (hasWork, changedPaths) = (false, []) }
            return Work(state: status.store, changed: changedPaths, desired: desired, isRefresh: !hasWork)
        }
    }

    private func perform(_ work: Work) -> ServingError? {
        for path in work.changed { mirror.changed(path: path) }
        guard case .connected(let session) = work.state else { return nil }
        if session != registration.session || work.isRefresh { mirror.restart() }
        registration.begin(session: session)
        do throws(ServingError) {
            if work.isRefresh { try registration.verify(store) }
            try registration.apply(work.desired, store)
        } catch {
            // Others are to be known, whether this container can be or not.
            return read() ?? error
        }
        return read()
    }

    private func read() -> ServingError? {
        do throws(ServingError) {
            try mirror.read(store)
            return nil
        } catch {
            return error
        }
    }

    private func report(_ state: ClusterStoreState, _ problem: ServingError?) -> Status {
        var isConnected = false
        if case .connected = state { isConnected = true }
        let isComplete = isConnected && mirror.missing.isEmpty
        let view = isComplete ? ClusterView(mirror.nodes, scope, preferringIPv6: prefersIPv6) : nil
        return lock.withLock {
            if let view { status.known.update(view, scope) }
            status.isCurrent = isComplete && status.store == state
            status.registered = isConnected ? registration.present.keys.sorted() : []
            status.problem = problem
            return status
        }
    }
}
