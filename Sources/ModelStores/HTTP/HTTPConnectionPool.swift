import ServingPrimitives
import Synchronization

/// Connections that were used before and may be used again.
final class HTTPConnectionPool: Sendable {
    private struct Idle: @unchecked Sendable {
        // Sendable: whoever takes it out is the only one who has it.
        var connection: HTTPConnection
    }

    private let settings: HTTPConnection.Settings
    private let idle = Mutex<[Idle]>([])

    private static let maximumIdle = 16

    init(_ settings: HTTPConnection.Settings) { self.settings = settings }

    /// Lends a connection for the call.
    ///
    /// - Throws: `FAILED_PRECONDITION` when libcurl is not there, and what `body` throws.
    func lend<Result>(
        _ body: (HTTPConnection) throws(ServingError) -> Result
    ) throws(ServingError) -> Result {
        let known = idle.withLock { $0.popLast() }
        let connection: HTTPConnection
        if let known { connection = known.connection } else { connection = try HTTPConnection(settings) }
        defer {
            let returned = Idle(connection: connection)
            idle.withLock { if $0.count < Self.maximumIdle { $0.append(returned) } }
        }
        return try body(connection)
    }
}
