/// Threads for calls that may block. They are kept for a while after a call: starting one for each of thousands of short
/// calls costs more than the calls do, and that many at once take the processor from everybody else.
public final class BlockingThreads: @unchecked Sendable {
    // Sendable: `lock` guards what changes.
    private let name: String
    private let maximumCount: Int
    private let idleNanoseconds: UInt64
    private let lock = WaitableLock()
    private var calls = FirstInFirstOut<@Sendable () -> Void>()
    private var count = 0
    /// Of those, which have no call: also those that are about to begin.
    private var idle = 0

    /// - Parameters:
    ///   - name: that profilers show, at most 15 bytes.
    ///   - maximumCount: more calls than that wait for each other, first come first served.
    ///   - idleNanoseconds: a thread without calls ends after this time.
    public init(named name: String, atMost maximumCount: Int, idleNanoseconds: UInt64 = 10_000_000_000) {
        self.name = name
        self.maximumCount = maximumCount
        self.idleNanoseconds = idleNanoseconds
    }

    /// Calls `body` on one of the threads; at once, before it returns, when there is none and none is to be had.
    public func start(_ body: @escaping @Sendable () -> Void) {
        let needsThread = lock.withLock {
            calls.append(body)
            guard calls.count > idle, count < maximumCount else { return false }
            count += 1
            idle += 1
            return true
        }
        guard needsThread else { return lock.wakeOne() }
        do throws(ServingError) {
            try startThreadIfPossible(named: name) { self.run() }
        } catch {
            let orphan = lock.withLock {
                count -= 1
                idle -= 1
                return count == 0 ? calls.popFirst() : nil
            }
            orphan?()
        }
    }

    private func run() {
        while let call = next() {
            call()
            lock.withLock { idle += 1 }
        }
    }

    private func next() -> (@Sendable () -> Void)? {
        let end = MonotonicTime.now().advanced(byNanoseconds: idleNanoseconds)
        return lock.withLock {
            while calls.isEmpty, lock.wait(until: end) {}
            idle -= 1
            guard let call = calls.popFirst() else {
                count -= 1
                return nil
            }
            return call
        }
    }
}
