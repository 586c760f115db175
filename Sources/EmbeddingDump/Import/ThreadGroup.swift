import ServingPrimitives

/// Threads that somebody waits for.
final class ThreadGroup: @unchecked Sendable {
    // Sendable: `lock` guards `running`.
    private let lock = WaitableLock()
    private var running = 0

    /// - Returns: false when the system refuses another thread; `body` is not called then.
    func start(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        lock.withLock { running += 1 }
        do throws(ServingError) {
            try startThreadIfPossible(named: name) {
                body()
                self.end()
            }
            return true
        } catch {
            end()
            return false
        }
    }

    /// Returns when none runs any more.
    func wait() {
        lock.withLock {
            while running > 0 { lock.wait() }
        }
    }

    private func end() {
        lock.withLock {
            running -= 1
            lock.wakeAll()
        }
    }
}
