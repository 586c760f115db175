#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Runs actions later, on one thread of its own.
///
/// For the rare and unhurried (pauses between load tries), so that nobody has to hold a thread to wait. Actions run
/// one after the other and have to be short.
public final class TimerThread: @unchecked Sendable {
    // Sendable: `lock` guards every field below it.

    /// The timer of the process. Its thread starts when this is first asked for.
    public static let shared = TimerThread()

    private struct Entry {
        var due: MonotonicTime
        var action: @Sendable () -> Void
    }

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wakeUp = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Sorted by due time, latest first: the next one is the last.
    private var entries: [Entry] = []

    private init() {
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(wakeUp, &attributes)
        pthread_condattr_destroy(&attributes)
        startThread(named: "timer") { self.run() }
    }

    /// Runs `action` on the timer's thread after `delay` nanoseconds.
    public func schedule(afterNanoseconds delay: UInt64, _ action: @escaping @Sendable () -> Void) {
        let due = MonotonicTime.now().advanced(byNanoseconds: delay)
        pthread_mutex_lock(lock)
        let position = entries.firstIndex { $0.due <= due } ?? entries.endIndex
        entries.insert(Entry(due: due, action: action), at: position)
        pthread_mutex_unlock(lock)
        pthread_cond_signal(wakeUp)
    }

    private func run() {
        while true { next()() }
    }

    /// Waits for the next action to be due.
    private func next() -> @Sendable () -> Void {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            guard let entry = entries.last else {
                pthread_cond_wait(wakeUp, lock)
                continue
            }
            if entry.due <= .now() { return entries.removeLast().action }
            var until = timespec(
                tv_sec: Int(clamping: entry.due.nanoseconds / 1_000_000_000),
                tv_nsec: Int(entry.due.nanoseconds % 1_000_000_000)
            )
            pthread_cond_timedwait(wakeUp, lock, &until)
        }
    }
}
