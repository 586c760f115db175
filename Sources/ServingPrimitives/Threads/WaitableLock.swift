#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A lock whose holder can wait until somebody else has changed what it guards: for threads that may block.
public final class WaitableLock: @unchecked Sendable {
    // Sendable: the two are made for use by several threads.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    public init() {
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

    public func withLock<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body()
    }

    /// Lets go of the lock until somebody wakes the caller, who has it again then. It may wake for no reason.
    public func wait() { pthread_cond_wait(changed, lock) }

    /// As `wait`, no longer than until `time`.
    ///
    /// - Returns: false when `time` has come.
    public func wait(until time: MonotonicTime) -> Bool {
        var until = timespec(
            tv_sec: Int(clamping: time.nanoseconds / 1_000_000_000),
            tv_nsec: Int(time.nanoseconds % 1_000_000_000)
        )
        return pthread_cond_timedwait(changed, lock, &until) == 0
    }

    /// Wakes one who waits. The lock need not be held.
    public func wakeOne() { pthread_cond_signal(changed) }

    /// Wakes all who wait. The lock need not be held.
    public func wakeAll() { pthread_cond_broadcast(changed) }
}
