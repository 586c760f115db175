import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What several threads get out of one model that each of them runs in a loop: the ceiling for any server with as many
/// engine threads.
enum Throughput {
    struct Result {
        let runsPerSecond: Double
        /// CPU of the whole process for one run.
        let cpuNanoseconds: Double
        /// Middle of the wall times of single runs.
        let medianNanoseconds: UInt64
    }

    static func measure(threads: Int, seconds: Double, _ run: @escaping @Sendable () -> Void) -> Result {
        let end = MonotonicTime.now().advanced(byNanoseconds: UInt64(seconds * 1e9))
        let cpu = Self.cpu()
        let start = MonotonicTime.now()
        let results = (0..<threads).map { index in
            let result = BlockingResult<[UInt64], Never>()
            startThread(named: "loop-\(index)") { result.set(.success(times(until: end, run))) }
            return result
        }
        let sorted = results.flatMap { $0.wait().get() }.sorted()
        let elapsed = Double(MonotonicTime.now().nanoseconds(since: start)) / 1e9
        return Result(
            runsPerSecond: Double(sorted.count) / elapsed,
            cpuNanoseconds: (Self.cpu() - cpu) / Double(max(sorted.count, 1)),
            medianNanoseconds: sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        )
    }

    private static func times(until end: MonotonicTime, _ run: () -> Void) -> [UInt64] {
        var times: [UInt64] = []
        var now = MonotonicTime.now()
        while now < end {
            run()
            let next = MonotonicTime.now()
            times.append(next.nanoseconds(since: now))
            now = next
        }
        return times
    }

    private static func cpu() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
