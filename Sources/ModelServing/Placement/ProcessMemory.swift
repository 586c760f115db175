import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How much memory the process may use.
enum ProcessMemory {
    /// The least of the limits of its control groups and of the machine's memory; `nil` where nothing tells.
    static func limit() -> Int? {
        let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        let limits = groups() + (machine > 0 ? [machine] : [])
        return limits.min()
    }

    /// Of version 2 of control groups, from the process's own up to the root, and of version 1.
    private static func groups() -> [Int] {
        var limits: [Int] = []
        for line in text("/proc/self/cgroup").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[0] == "0", parts[1].isEmpty {
                var path = parts[2]
                while true {
                    limits += number("/sys/fs/cgroup\(path)/memory.max")
                    guard let slash = path.lastIndex(of: "/") else { break }
                    path = path[..<slash]
                }
            } else if parts[1].split(separator: ",").contains("memory") {
                limits += number("/sys/fs/cgroup/memory\(parts[2])/memory.limit_in_bytes")
                limits += number("/sys/fs/cgroup/memory/memory.limit_in_bytes")
            }
        }
        return limits
    }

    private static func number(_ path: String) -> [Int] {
        let digits = text(path).prefix { ("0"..."9").contains($0) }
        return Int(digits).map { [$0] } ?? []
    }

    private static func text(_ path: String) -> String {
        (try? LocalFile.contents(of: path, limit: 1 << 16)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
