#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The outcome of something that ends on another thread, for a thread that may wait for it.
public final class BlockingResult<Success: Sendable, Failure: Error>: @unchecked Sendable {
    // Sendable: `lock` guards `result`.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let isSet = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var result: Result<Success, Failure>?

    public init() {
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(isSet, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(isSet)
        lock.deallocate()
        isSet.deallocate()
    }

    /// Lets `wait` return; called once.
    public func set(_ result: Result<Success, Failure>) {
        pthread_mutex_lock(lock)
        self.result = result
        pthread_cond_broadcast(isSet)
        pthread_mutex_unlock(lock)
    }

    /// Blocks until `set` was called.
    public func wait() -> Result<Success, Failure> {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let result { return result }
            pthread_cond_wait(isSet, lock)
        }
    }

    /// Blocks until `set` was called, or for so long.
    ///
    /// - Returns: `nil` when it was not.
    public func wait(nanoseconds: UInt64) -> Result<Success, Failure>? {
        let time = MonotonicTime.now().advanced(byNanoseconds: nanoseconds)
        var until = timespec(
            tv_sec: Int(clamping: time.nanoseconds / 1_000_000_000),
            tv_nsec: Int(time.nanoseconds % 1_000_000_000)
        )
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while result == nil, pthread_cond_timedwait(isSet, lock, &until) == 0 {}
        return result
    }
}
