import ServingMetrics
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the system says of this process.
enum ProcessStatistics {
    /// Bytes of memory that are there; `nil` where /proc is not.
    static func residentBytes() -> Int? {
        // Pages: size, resident, shared, ...
        guard let pages = fields(of: "/proc/self/statm").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Bytes of memory that are there and come from no file: what goes on being there until it is given back.
    @Sendable static func anonymousBytes() -> Int? {
        let pages = fields(of: "/proc/self/statm").prefix(3).map { Int($0) ?? 0 }
        guard pages.count == 3 else { return nil }
        return max(pages[1] - pages[2], 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Seconds of processor time, user and system.
    static func processorSeconds() -> Double {
        var usage = rusage()
        #if canImport(Musl)
        getrusage(RUSAGE_SELF, &usage)
        #else
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #endif
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    static func threadCount() -> Int? { LocalFolder.names(in: "/proc/self/task")?.count }

    static func descriptorCount() -> Int? { LocalFolder.names(in: "/proc/self/fd")?.count }

    private static func fields(of path: String) -> [Substring] {
        guard let bytes = try? LocalFile.contents(of: path, limit: 4096) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: " ")
    }
}

extension MetricRegistry {
    /// Shows what the system says of this process.
    func showProcess(version: String) {
        func show(_ name: String, _ type: CollectedSamples.Kind, _ read: @escaping @Sendable () -> Double?) {
            collect("apus_process_\(name)", type: type) { read().map { [([], $0)] } ?? [] }
        }
        show("resident_memory_bytes", .gauge) { ProcessStatistics.residentBytes().map(Double.init) }
        show("cpu_seconds_total", .counter) { ProcessStatistics.processorSeconds() }
        show("threads", .gauge) { ProcessStatistics.threadCount().map(Double.init) }
        show("open_descriptors", .gauge) { ProcessStatistics.descriptorCount().map(Double.init) }
        collect("apus_build_info", labels: ["version"], type: .gauge) { [([version], 1)] }
    }
}
