#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Seconds.
enum Clock {
    static func wall() -> Double { read(CLOCK_MONOTONIC) }
    /// Processor time of the calling thread.
    static func thread() -> Double { read(CLOCK_THREAD_CPUTIME_ID) }
    /// Processor time of all threads.
    static func process() -> Double { read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
