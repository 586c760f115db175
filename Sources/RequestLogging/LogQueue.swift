import ServingPrimitives
import Synchronization

/// Records that wait for the disk, of all models together and bounded by their bytes. Those who put records in never wait.
final class LogQueue: @unchecked Sendable {
    // Sendable: `lock` guards `entries`, `isClosed` and `hasEnded`.
    enum Entry: Sendable {
        case record(LogRecord, RequestLogFile)
        /// No model is logged here any more.
        case retire(RequestLogFile)
    }

    private let maximumByteCount: Int
    /// Of records that were admitted and are not on the disk yet.
    private let byteCount = Atomic<Int>(0)
    private let lock = WaitableLock()
    private var entries: [Entry] = []
    private var isClosed = false
    private var hasEnded = false

    init(maximumByteCount: Int) {
        self.maximumByteCount = maximumByteCount
    }

    /// Whether there is room for so many bytes, which then are taken until `release`. Asked before a record is made, so
    /// that what finds no room costs nothing more.
    func admit(byteCount count: Int) -> Bool {
        if byteCount.wrappingAdd(count, ordering: .relaxed).newValue <= maximumByteCount { return true }
        release(byteCount: count)
        return false
    }

    func release(byteCount count: Int) { byteCount.wrappingSubtract(count, ordering: .relaxed) }

    func add(_ entry: Entry) {
        lock.withLock {
            entries.append(entry)
            if entries.count == 1 { lock.wakeAll() }
        }
    }

    /// What has come, in its order; waits until something comes or `deadline` passes, which gives an empty list.
    ///
    /// - Returns: `nil` after the end.
    func take(until deadline: MonotonicTime?) -> [Entry]? {
        lock.withLock {
            while entries.isEmpty {
                if isClosed { return nil }
                guard wait(until: deadline) else { return [] }
            }
            defer { entries = [] }
            return entries
        }
    }

    /// Lets `take` return `nil` once it has returned what is there.
    func close() {
        lock.withLock {
            isClosed = true
            lock.wakeAll()
        }
    }

    /// Says that the thread which takes is done.
    func end() {
        lock.withLock {
            hasEnded = true
            lock.wakeAll()
        }
    }

    /// Waits for `end`, no longer than until `deadline`.
    func waitForEnd(until deadline: MonotonicTime) -> Bool {
        lock.withLock {
            while !hasEnded { guard wait(until: deadline) else { break } }
            return hasEnded
        }
    }

    /// Whether there may be something new before `deadline`. Called with the lock.
    private func wait(until deadline: MonotonicTime?) -> Bool {
        if let deadline { return lock.wait(until: deadline) }
        lock.wait()
        return true
    }
}
