import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the process uses of the machine.
struct ProcessUsage: Sendable, Hashable {
    /// Processor time since it started, in nanoseconds.
    var processorNanoseconds: UInt64 = 0
    /// Memory that is in use now, in bytes; 0 where the system does not say.
    var residentBytes: Int64 = 0

    static func now() -> ProcessUsage {
        ProcessUsage(processorNanoseconds: processorTime(), residentBytes: residentMemory())
    }

    private static func processorTime() -> UInt64 {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    private static func residentMemory() -> Int64 {
        guard let bytes = try? LocalFile.contents(of: "/proc/self/statm", limit: 4096) else { return 0 }
        return residentPages(bytes) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The second number of /proc/self/statm (proc_pid_statm(5)).
    static func residentPages(_ text: [UInt8]) -> Int64 {
        let numbers = text.split(separator: UInt8(ascii: " "))
        guard numbers.count > 1 else { return 0 }
        return Int64(String(decoding: numbers[1], as: UTF8.self)) ?? 0
    }
}
