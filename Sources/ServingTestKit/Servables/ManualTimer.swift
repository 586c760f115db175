import Synchronization

/// A timer without time: actions wait until the test runs them.
public final class ManualTimer: Sendable {
    private struct Entry: Sendable {
        let nanoseconds: UInt64
        let action: @Sendable () -> Void
    }

    private let entries = Mutex<[Entry]>([])
    private let scheduled: AsyncStream<UInt64>
    private let continuation: AsyncStream<UInt64>.Continuation

    public init() { (scheduled, continuation) = AsyncStream.makeStream() }

    public func schedule(_ nanoseconds: UInt64, _ action: @escaping @Sendable () -> Void) {
        entries.withLock { $0.append(Entry(nanoseconds: nanoseconds, action: action)) }
        continuation.yield(nanoseconds)
    }

    /// Waits until one more action is scheduled; gives its delay in nanoseconds.
    public func nextDelay() async -> UInt64? { await scheduled.first { _ in true } }

    /// Runs the oldest action that waits. Returns whether there was one.
    @discardableResult
    public func fire() -> Bool {
        let entry = entries.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        entry?.action()
        return entry != nil
    }
}
