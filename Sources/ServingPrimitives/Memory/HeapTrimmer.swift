/// Gives free memory back to the system, on a thread of its own: those who free it need not wait for that, and one pass does
/// for all who asked before it began.
final class HeapTrimmer: @unchecked Sendable {
    // Sendable: `lock` guards `isRequested` and `isRunning`.
    private let lock = WaitableLock()
    private let delayNanoseconds: UInt64
    private let trim: @Sendable () -> Void
    private var isRequested = false
    private var isRunning = false

    /// Heaps are locked meanwhile: no more than a tenth of the time is spent on this.
    private static let pauseFactor: UInt64 = 9

    /// - Parameter delayNanoseconds: from a request to the pass.
    init(delayNanoseconds: UInt64 = 0, trim: @escaping @Sendable () -> Void) {
        self.delayNanoseconds = delayNanoseconds
        self.trim = trim
    }

    /// Has a pass begin after this.
    func request() {
        let mustStart = lock.withLock {
            isRequested = true
            defer { isRunning = true }
            return !isRunning
        }
        guard mustStart else { return lock.wakeOne() }
        do throws(ServingError) {
            try startThreadIfPossible(named: "memory-return") { self.run() }
        } catch {
            // No thread is to be had: whoever asks does it.
            lock.withLock { (isRequested, isRunning) = (false, false) }
            trim()
        }
    }

    private func run() {
        while true {
            lock.withLock {
                while !isRequested { lock.wait() }
                if delayNanoseconds > 0 {
                    let due = MonotonicTime.now().advanced(byNanoseconds: delayNanoseconds)
                    while lock.wait(until: due) {}
                }
                isRequested = false
            }
            let begin = MonotonicTime.now()
            trim()
            let end = MonotonicTime.now()
            let next = end.advanced(byNanoseconds: Self.pauseFactor * end.nanoseconds(since: begin))
            lock.withLock { while lock.wait(until: next) {} }
        }
    }
}
