import Synchronization

/// The open connections of a server, so that a shutdown reaches every one of them exactly once.
///
/// A connection that is accepted while the server already drains is told so when it is added.
final class ConnectionRegistry<Connection: Sendable>: Sendable {
    struct ID: Hashable, Sendable { fileprivate let number: UInt64 }

    /// What connections are to do, also those that come later.
    enum Phase: Sendable {
        case serving
        case draining
        case closing
    }

    private struct State {
        var nextNumber: UInt64 = 0
        var connections: [ID: Connection] = [:]
        var phase = Phase.serving
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.connections.count } }

    /// - Returns: the connection's number and what it has to do from the start.
    func add(_ connection: Connection) -> (id: ID, phase: Phase) {
        state.withLock { state in
            let id = ID(number: state.nextNumber)
            state.nextNumber += 1
            state.connections[id] = connection
            return (id, state.phase)
        }
    }

    func remove(_ id: ID) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.connections.removeValue(forKey: id)
            guard state.connections.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Starts a phase of the shutdown.
    ///
    /// - Returns: the connections that must be told; later ones learn it from `add`.
    func enter(_ phase: Phase) -> [Connection] {
        state.withLock { state in
            state.phase = phase
            return Array(state.connections.values)
        }
    }

    /// Returns when no connection is left. Cannot be cancelled: the caller sees to it that connections end.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.connections.isEmpty { return true }
                state.waiters.append(continuation)
                return false
            }
            if isEmpty { continuation.resume() }
        }
    }
}
