#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Holds threads up until a test lets them go on. Not for tasks: the cooperative pool must not block.
public final class Gate: @unchecked Sendable {
    // Sendable: `lock` guards `isOpen`.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isOpen = false

    public init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(changed)
        lock.deallocate()
        changed.deallocate()
    }

    /// Returns at once when the gate is open, else when it opens.
    public func wait() {
        pthread_mutex_lock(lock)
        while !isOpen { pthread_cond_wait(changed, lock) }
        pthread_mutex_unlock(lock)
    }

    /// Opens the gate for good.
    public func open() {
        pthread_mutex_lock(lock)
        isOpen = true
        pthread_mutex_unlock(lock)
        pthread_cond_broadcast(changed)
    }
}
