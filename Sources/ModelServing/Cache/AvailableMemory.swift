import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How much memory the process may use.
enum AvailableMemory {
    /// Of the machine, or of the control group it is in where that is less.
    static var bytes: Int { bytes(machine: machine) { try? LocalFile.contents(of: $0, limit: 1 << 16) } }

    /// What is left of it.
    static var unusedBytes: Int {
        let text = String(decoding: (try? LocalFile.contents(of: "/proc/meminfo", limit: 1 << 16)) ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let kibibytes = line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
        return max(0, min(kibibytes << 10, bytes - (ProcessStatistics.residentBytes() ?? 0)))
    }

    /// - Parameter read: the content of a file; `nil` where it is not.
    static func bytes(machine: Int, read: (String) -> [UInt8]?) -> Int {
        var limit = machine
        for path in limitFiles(read) {
            guard let text = read(path) else { continue }
            // `max` is none; version 1 says so with a number near 2⁶³.
            if let bytes = Int(String(decoding: text.prefix { $0 &- 0x30 < 10 }, as: UTF8.self)), bytes > 0 {
                limit = min(limit, bytes)
            }
        }
        return limit
    }

    private static var machine: Int {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? pages * size : 4 << 30
    }

    /// Where the limits of the process's control group and of those around it are. Inside of a container they are those
    /// of the root, whatever the group is called outside.
    private static func limitFiles(_ read: (String) -> [UInt8]?) -> [String] {
        var files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        let text = String(decoding: read("/proc/self/cgroup") ?? [], as: UTF8.self)
        for line in text.split(separator: "\n") {
            // hierarchy:controllers:path
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let root: (folder: String, file: String)
            if parts[0] == "0", parts[1].isEmpty {
                root = ("/sys/fs/cgroup", "memory.max")
            } else if parts[1].split(separator: ",").contains("memory") {
                root = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            } else {
                continue
            }
            var folder = root.folder
            for name in parts[2].split(separator: "/") where name != ".." {
                folder += "/\(name)"
                files.append("\(folder)/\(root.file)")
            }
        }
        return files
    }
}

/// Whether the machine waits for memory or for its disks, by what Linux says of stalls.
enum MachinePressure {
    /// Share of the last ten seconds in which some task waited, from which on that is busy.
    private static let busyPercent = 10.0

    static var isBusy: Bool {
        ["memory", "io"].contains { name in
            guard let text = try? LocalFile.contents(of: "/proc/pressure/\(name)", limit: 4096) else { return false }
            return (stalledPercent(String(decoding: text, as: UTF8.self)) ?? 0) >= busyPercent
        }
    }

    /// `some avg10=1.23 avg60=...`
    static func stalledPercent(_ text: String) -> Double? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("some ") }),
            let field = line.split(separator: " ").first(where: { $0.hasPrefix("avg10=") })
        else { return nil }
        return Double(field.dropFirst("avg10=".count))
    }
}
