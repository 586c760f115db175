/// The outcome of something that ends on another thread, for a thread that may wait for it.
public final class BlockingResult<Success: Sendable, Failure: Error>: @unchecked Sendable {
    // Sendable: `lock` guards `result`.
    private let lock = WaitableLock()
    private var result: Result<Success, Failure>?

    public init() {}

    /// Lets `wait` return; called once.
    public func set(_ result: Result<Success, Failure>) {
        lock.withLock {
            self.result = result
            lock.wakeAll()
        }
    }

    /// Blocks until `set` was called.
    public func wait() -> Result<Success, Failure> {
        lock.withLock {
            while true {
                if let result { return result }
                lock.wait()
            }
        }
    }

    /// Blocks until `set` was called, or for so long.
    ///
    /// - Returns: `nil` when it was not.
    public func wait(nanoseconds: UInt64) -> Result<Success, Failure>? {
        let time = MonotonicTime.now().advanced(byNanoseconds: nanoseconds)
        return lock.withLock {
            while result == nil, lock.wait(until: time) {}
            return result
        }
    }
}
