import Glibc
import ServingPrimitives

/// The machine that a run was made on.
public struct Machine: Sendable {
    public var processor: String
    /// Cores that this process may use, of those the machine has.
    public var cores: Int
    public var allCores: Int
    public var memoryGiB: Double
    public var kernel: String
    /// UTC, as ISO 8601 has it.
    public var date: String

    public init() {
        processor = Self.processor()
        allCores = sysconf(CInt(_SC_NPROCESSORS_ONLN))
        cores = Self.usableCores() ?? allCores
        memoryGiB = Double(sysconf(CInt(_SC_PHYS_PAGES))) * Double(sysconf(CInt(_SC_PAGESIZE))) / Double(1 << 30)
        var name = utsname()
        uname(&name)
        kernel = Self.text(&name.sysname) + " " + Self.text(&name.release)
        date = UTCDate(seconds: time(nil)).text
    }

    public var text: String {
        let used = cores == allCores ? "\(cores) cores" : "\(cores) of \(allCores) cores"
        return "\(processor), \(used), \(TextTable.digits(memoryGiB)) GiB, \(kernel), \(date)"
    }

    private static func processor() -> String {
        field("model name", in: "/proc/cpuinfo") ?? "unknown processor"
    }

    /// `Cpus_allowed_list: 0-3,8`
    private static func usableCores() -> Int? {
        field("Cpus_allowed_list", in: "/proc/self/status").map { list in
            list.split(separator: ",").reduce(0) { sum, range in
                let ends = range.split(separator: "-").compactMap { Int($0) }
                return sum + (ends.count == 2 ? max(0, ends[1] - ends[0]) + 1 : ends.count)
            }
        }
    }

    private static func field(_ name: String, in file: String) -> String? {
        guard let bytes = try? LocalFile.contents(of: file, limit: 16 << 20) else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix(name) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
        }
        return nil
    }

    private static func text<Tuple>(_ characters: inout Tuple) -> String {
        withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
