import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

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
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var entries: [Entry] = []
    private var isClosed = false
    private var hasEnded = false

    init(maximumByteCount: Int) {
        self.maximumByteCount = maximumByteCount
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(changed)
        lock.deallocate()
        changed.deallocate()
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
        withLock {
            entries.append(entry)
            if entries.count == 1 { pthread_cond_broadcast(changed) }
        }
    }

    /// What has come, in its order; waits until something comes or `deadline` passes, which gives an empty list.
    ///
    /// - Returns: `nil` after the end.
    func take(until deadline: MonotonicTime?) -> [Entry]? {
        withLock {
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
        withLock {
            isClosed = true
            pthread_cond_broadcast(changed)
        }
    }

    /// Says that the thread which takes is done.
    func end() {
        withLock {
            hasEnded = true
            pthread_cond_broadcast(changed)
        }
    }

    /// Waits for `end`, no longer than until `deadline`.
    func waitForEnd(until deadline: MonotonicTime) -> Bool {
        withLock {
            while !hasEnded { guard wait(until: deadline) else { break } }
            return hasEnded
        }
    }

    private func withLock<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    /// Whether there may be something new before `deadline`. Called with the lock.
    private func wait(until deadline: MonotonicTime?) -> Bool {
        guard let deadline else { return pthread_cond_wait(changed, lock) == 0 }
        var until = timespec(
            tv_sec: Int(clamping: deadline.nanoseconds / 1_000_000_000),
            tv_nsec: Int(deadline.nanoseconds % 1_000_000_000)
        )
        return pthread_cond_timedwait(changed, lock, &until) != ETIMEDOUT
    }
}
