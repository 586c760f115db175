public import Logging
public import NIOCore
public import ServingPrimitives
import Synchronization

/// How many connections the ports of a server may have open together: more are closed as soon as they are accepted, so
/// that those there are keep their descriptors.
public final class ConnectionLimit: Sendable {
    private struct Told {
        var nextMinute: UInt64 = 0
        var count = 0
    }

    private let limit: Int
    private let open = Atomic<Int>(0)
    private let told = Mutex(Told())
    private let logger: Logger
    private let now: @Sendable () -> MonotonicTime

    public init(_ limit: Int, logger: Logger, now: @escaping @Sendable () -> MonotonicTime = { .now() }) {
        self.limit = limit
        self.logger = logger
        self.now = now
    }

    /// Connections open now.
    public var count: Int { open.load(ordering: .relaxed) }

    /// Counts a connection until it closes.
    ///
    /// - Returns: whether it may stay; if not, the caller closes it.
    public func admit(_ channel: any Channel) -> Bool {
        guard open.add(1, ordering: .relaxed).newValue <= limit else {
            open.subtract(1, ordering: .relaxed)
            refused()
            return false
        }
        channel.closeFuture.whenComplete { [self] _ in open.subtract(1, ordering: .relaxed) }
        return true
    }

    /// Told once a minute, with how many there were.
    private func refused() {
        let minute = now().nanoseconds / 60_000_000_000
        let count: Int? = told.withLock { told in
            told.count += 1
            guard minute >= told.nextMinute else { return nil }
            defer { told = Told(nextMinute: minute + 1) }
            return told.count
        }
        guard let count else { return }
        logger.warning(
            "Connections are refused: as many are open as may be",
            metadata: ["limit": "\(limit)", "refused": "\(count)"]
        )
    }
}
