#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// CPU time of this thread.
enum CPUClock {
    static func nanoseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    /// Nanoseconds of one pass: the least of several blocks, because what disturbs only ever adds.
    static func best(milliseconds: Int, _ pass: () throws -> Int) throws -> Double {
        let start = nanoseconds()
        var checksum = try pass()
        // Blocks of about two milliseconds: long beside the clock's own cost, short beside a scheduler's slice.
        let passes = max(1, Int(2e6 / max(nanoseconds() - start, 1)))
        var best = Double.infinity
        repeat {
            let begin = nanoseconds()
            for _ in 0..<passes { checksum &+= try pass() }
            best = min(best, (nanoseconds() - begin) / Double(passes))
        } while nanoseconds() - start < Double(milliseconds) * 1e6
        precondition(checksum != 0, "nothing was done")
        return best
    }
}
