import CZooKeeper
public import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A session with ZooKeeper's servers, and a new one as soon as the servers have ended it.
///
/// A thread of its own begins and ends sessions, as both may block. The library calls back on a thread of its own, too.
public final class ZooKeeperSession: ClusterStore, @unchecked Sendable {
    // Sendable: `lock` guards what changes.

    public struct Settings: Sendable, Hashable {
        public var servers: ZooKeeperServers
        /// After so long without a word from here the servers end the session; they may bargain about it.
        public var sessionTimeoutMilliseconds = 10_000
        /// After so long a call fails.
        public var requestTimeoutMilliseconds = 10_000
        /// `NAME:PASSWORD`, for digest authentication. With one, nodes that are created may be changed by those with the same
        /// only, and read by all.
        public var identity: String?

        public init(servers: ZooKeeperServers, identity: String? = nil) {
            self.servers = servers
            self.identity = identity
        }
    }

    private let settings: Settings
    private let lock = WaitableLock()
    /// Of the library's: `nil` between two sessions.
    private var handle: UnsafeMutableRawPointer?
    /// What the library calls the session by; another one for each.
    private var number: UInt = 0
    private var isConnected = false
    /// Why the session is of no use any more.
    private var failure: ClusterStoreState?
    private var isClosed = false
    private var hasEnded = true
    private var onEvent: @Sendable (ClusterEvent) -> Void = { _ in }

    /// - Throws: `FAILED_PRECONDITION` when the library is not there; `INVALID_ARGUMENT` for an identity that is none.
    public init(_ settings: Settings) throws(ServingError) {
        if let identity = settings.identity {
            let parts = identity.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, identity.utf8.count <= 4096, !identity.utf8.contains(0) else {
                throw .invalidArgument("the identity for ZooKeeper (ZK_AUTH) is wrong; expected NAME:PASSWORD")
            }
        }
        try ZooKeeperLibrary.open()
        self.settings = settings
    }

    public func start(_ onEvent: @escaping @Sendable (ClusterEvent) -> Void) {
        lock.withLock {
            self.onEvent = onEvent
            hasEnded = false
        }
        startThread(named: "zookeeper") { self.run() }
    }

    public func close() {
        lock.withLock {
            isClosed = true
            lock.wakeAll()
            while !hasEnded { lock.wait() }
        }
    }

    // MARK: Sessions, one after the other

    private static let longestDelay: UInt64 = 10_000_000_000

    private func run() {
        var delay = RestartDelay(longest: Self.longestDelay)
        var isOpen = true
        while isOpen {
            let start = MonotonicTime.now()
            let hasExpired = serveOne()
            let lifetime = MonotonicTime.now().nanoseconds(since: start)
            // Replicas are unseen until the next session: it begins at once.
            isOpen = waitForTurn(hasExpired ? 0 : delay.next(afterLifetime: lifetime))
        }
        lock.withLock {
            hasEnded = true
            lock.wakeAll()
        }
    }

    /// Begins a session, and ends it when it has failed or the store is closed.
    ///
    /// - Returns: whether the servers have ended it.
    private func serveOne() -> Bool {
        let number = ZooKeeperSessions.add(self)
        defer { ZooKeeperSessions.remove(number) }
        // The library may tell of the session before its handle is known here.
        lock.withLock { (self.number, self.failure, isConnected) = (number, nil, false) }
        var error: CInt = 0
        let servers = settings.servers.description
        let timeout = CInt(clamping: settings.sessionTimeoutMilliseconds)
        guard let handle = czk_start(servers, timeout, number, ZooKeeperSessions.onEvent, &error) else {
            let reason = "no session can begin with \(servers): \(String(cString: strerror(error)))"
            onEvent(.state(.connecting(reason: reason)))
            return false
        }
        if let identity = settings.identity {
            let code = czk_authenticate(handle, identity, identity.utf8.count)
            if code != czk_ok.rawValue { lock.withLock { self.failure = .refused } }
        }
        let failure: ClusterStoreState? = lock.withLock {
            self.handle = handle
            lock.wakeAll()
            let wasGivenUp = waitForFailure()
            (self.handle, isConnected) = (nil, false)
            return wasGivenUp ? .expired : self.failure
        }
        czk_close(handle)
        // Of what the library has told of itself the event has been.
        if failure == .expired, lock.withLock({ self.failure == nil }) { onEvent(.state(.expired)) }
        return failure == .expired
    }

    /// Waits until the session is of no use any more, or the store is closed; with the lock.
    ///
    /// Servers that have lost their nodes refuse a client that has seen newer ones, without an end: a session that has not been
    /// connected for as long as it lives without a word is given up.
    ///
    /// - Returns: whether it is given up.
    private func waitForFailure() -> Bool {
        let nanoseconds = UInt64(max(settings.sessionTimeoutMilliseconds, 1)) * 1_000_000
        var end: MonotonicTime?
        while failure == nil, !isClosed {
            if isConnected {
                end = nil
                lock.wait()
                continue
            }
            let time = end ?? MonotonicTime.now().advanced(byNanoseconds: nanoseconds)
            end = time
            if !lock.wait(until: time), !isConnected, failure == nil, !isClosed { return true }
        }
        return false
    }

    /// Whether there is to be another session.
    private func waitForTurn(_ nanoseconds: UInt64) -> Bool {
        let time = MonotonicTime.now().advanced(byNanoseconds: nanoseconds)
        return lock.withLock {
            while !isClosed, lock.wait(until: time) {}
            return !isClosed
        }
    }

    /// On the library's thread.
    func take(_ type: Int32, _ state: Int32, _ path: String?, number: UInt, session: Int64) {
        guard lock.withLock({ self.number == number && !isClosed }) else { return }
        guard type == czk_event_session.rawValue else {
            // Of a watch that is no more the path is to be read again, too.
            if let path { onEvent(.changed(path: path)) }
            return
        }
        switch state {
        case czk_state_connected.rawValue:
            setConnected(true)
            onEvent(.state(.connected(session: session)))
        case czk_state_expired.rawValue: fail(.expired)
        case czk_state_auth_failed.rawValue: fail(.refused)
        default:
            setConnected(false)
            onEvent(.state(.connecting(reason: nil)))
        }
    }

    private func setConnected(_ isConnected: Bool) {
        lock.withLock {
            self.isConnected = isConnected
            lock.wakeAll()
        }
    }

    private func fail(_ state: ClusterStoreState) {
        setConnected(false)
        onEvent(.state(state))
        lock.withLock {
            failure = state
            lock.wakeAll()
        }
    }

    // MARK: Nodes

    public func contents(of path: String) throws(ServingError) -> [UInt8]? {
        try watched(path) { path throws(ServingError) in
            try request(path) { czk_get($0, path, 1, $1, ZooKeeperRequests.onAnswer) }?.bytes
        }
    }

    public func children(of path: String) throws(ServingError) -> [String]? {
        try watched(path) { path throws(ServingError) in
            try request(path) { czk_children($0, path, 1, $1, ZooKeeperRequests.onAnswer) }?.names
        }
    }

    /// Reading leaves no watch where there is no node; asking whether there is one does.
    private func watched<Value>(
        _ path: String,
        _ read: (String) throws(ServingError) -> Value?
    ) throws(ServingError) -> Value? {
        // Somebody else may create and delete it in between.
        for _ in 0..<5 {
            if let value = try read(path) { return value }
            let found = try request(path) { czk_exists($0, path, 1, $1, ZooKeeperRequests.onAnswer) }
            if found == nil { return nil }
        }
        throw ServingError(.aborted, "\(path) is created and deleted by somebody else at the same time")
    }

    public func owner(of path: String) throws(ServingError) -> Int64? {
        try request(path) { czk_exists($0, path, 0, $1, ZooKeeperRequests.onAnswer) }?.owner
    }

    public func create(
        _ path: String,
        _ contents: [UInt8],
        _ lifetime: NodeLifetime
    ) throws(ServingError) -> Bool {
        try requireSize(contents, path)
        let isEphemeral: CInt = lifetime == .ephemeral ? 1 : 0
        let isRestricted: CInt = settings.identity == nil ? 0 : 1
        let answer = try request(path, absent: czk_node_exists) { handle, number in
            contents.withUnsafeBytes {
                czk_create(
                    handle,
                    path,
                    $0.baseAddress,
                    CInt($0.count),
                    isEphemeral,
                    isRestricted,
                    number,
                    ZooKeeperRequests.onAnswer
                )
            }
        }
        return answer != nil
    }

    public func set(_ path: String, _ contents: [UInt8]) throws(ServingError) -> Bool {
        try requireSize(contents, path)
        let answer = try request(path) { handle, number in
            contents.withUnsafeBytes {
                czk_set(handle, path, $0.baseAddress, CInt($0.count), number, ZooKeeperRequests.onAnswer)
            }
        }
        return answer != nil
    }

    public func delete(_ path: String) throws(ServingError) -> Bool {
        try request(path) { czk_delete($0, path, $1, ZooKeeperRequests.onAnswer) } != nil
    }

    private func requireSize(_ contents: [UInt8], _ path: String) throws(ServingError) {
        guard contents.count <= NodeObject.maximumLength else {
            throw .invalidArgument("\(path): \(contents.count) bytes; a node holds at most \(NodeObject.maximumLength)")
        }
    }

    // MARK: Requests

    /// - Parameter absent: the code that is answered with `nil`.
    private func request(
        _ path: String,
        absent: czk_code = czk_no_node,
        _ begin: (_ handle: UnsafeMutableRawPointer, _ number: UInt) -> CInt
    ) throws(ServingError) -> ZooKeeperAnswer? {
        guard NodeName.isPath(path) else { throw .invalidArgument("\"\(path)\" is no path of a node") }
        let nanoseconds = UInt64(max(settings.requestTimeoutMilliseconds, 1)) * 1_000_000
        let end = MonotonicTime.now().advanced(byNanoseconds: nanoseconds)
        let (number, waiter) = ZooKeeperRequests.add()
        defer { ZooKeeperRequests.remove(number) }
        // Beginning one does not wait; the handle is not closed meanwhile.
        let begun: CInt? = lock.withLock {
            while isConnected, handle == nil, !isClosed, lock.wait(until: end) {}
            guard isConnected, let handle else { return nil }
            return begin(handle, number)
        }
        guard let begun else { throw .unavailable("\(path): ZooKeeper is not connected") }
        var code = begun
        if begun == czk_ok.rawValue {
            guard case .success(let answer) = waiter.wait(nanoseconds: end.nanoseconds(since: .now())) else {
                throw .unavailable("\(path): ZooKeeper has not answered in \(settings.requestTimeoutMilliseconds) ms")
            }
            if answer.code == czk_ok.rawValue { return answer }
            code = answer.code
        }
        if code == absent.rawValue { return nil }
        throw Self.error(code, path)
    }

    private static func error(_ code: CInt, _ path: String) -> ServingError {
        let text = "\(path): ZooKeeper says \(String(cString: czk_text(code)))"
        switch code {
        case czk_no_node.rawValue: return .notFound(text)
        case czk_no_auth.rawValue: return ServingError(.permissionDenied, text)
        case czk_not_empty.rawValue, czk_no_children_for_ephemerals.rawValue: return .failedPrecondition(text)
        case czk_bad_arguments.rawValue: return .invalidArgument(text)
        case czk_connection_loss.rawValue, czk_operation_timeout.rawValue, czk_invalid_state.rawValue,
            czk_session_expired.rawValue, czk_auth_failed.rawValue, czk_closing.rawValue,
            czk_session_moved.rawValue, czk_throttled.rawValue:
            return .unavailable(text)
        default: return .internalError(text)
        }
    }
}

/// Sessions by the numbers that the library knows them by.
private enum ZooKeeperSessions {
    private struct Table {
        var last: UInt = 0
        var sessions: [UInt: ZooKeeperSession] = [:]
    }

    private static let table = Mutex(Table())

    static func add(_ session: ZooKeeperSession) -> UInt {
        table.withLock { table in
            table.last += 1
            table.sessions[table.last] = session
            return table.last
        }
    }

    static func remove(_ number: UInt) { table.withLock { $0.sessions[number] = nil } }

    /// For the library.
    static var onEvent: czk_on_event {
        { number, type, state, path, session in
            let owner = ZooKeeperSessions.table.withLock { $0.sessions[number] }
            owner?.take(type, state, path.flatMap { String(validatingCString: $0) }, number: number, session: session)
        }
    }
}
