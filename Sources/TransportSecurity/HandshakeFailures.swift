import Logging
import ServingPrimitives
import Synchronization

/// Counts failed handshakes, and logs one of them a minute at most: anybody who reaches the port can make them.
final class HandshakeFailures: Sendable {
    private struct State {
        var count = 0
        var loggedCount = 0
        var nextLog: MonotonicTime?
    }

    private static let pauseNanoseconds: UInt64 = 60_000_000_000

    private let state = Mutex(State())
    private let logger: Logger
    private let now: @Sendable () -> MonotonicTime

    init(logger: Logger, now: @escaping @Sendable () -> MonotonicTime = { .now() }) {
        self.logger = logger
        self.now = now
    }

    var count: Int { state.withLock { $0.count } }

    /// Counts a connection that the client closed before it said anything wrong: what probes and port scans do.
    func addQuietly() { state.withLock { $0.count += 1 } }

    func add(peer: String, reason: String) {
        let time = now()
        let unlogged: Int? = state.withLock { state in
            state.count += 1
            if let nextLog = state.nextLog, time < nextLog { return nil }
            defer { state.loggedCount = state.count }
            state.nextLog = time.advanced(byNanoseconds: Self.pauseNanoseconds)
            return state.count - state.loggedCount
        }
        guard let unlogged else { return }
        logger.warning(
            "TLS handshakes failed; the next line about it comes in a minute at the earliest",
            metadata: ["count": "\(unlogged)", "peer": "\(peer)", "reason": "\(reason)"]
        )
    }
}
