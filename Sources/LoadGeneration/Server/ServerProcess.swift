import CEpoll
import Glibc
public import HTTPClient
import ServingPrimitives

/// A server's processes on this machine, for the CPU time they take.
public struct ServerProcess: Sendable {
    public let pid: Int

    public init(pid: Int) { self.pid = pid }

    /// The process that listens at an address of this machine; `nil` when it cannot be found.
    public init?(listeningAt address: ServerAddress) {
        guard address.isLocal, let inode = Self.listeningSocket(port: address.port) else { return nil }
        let link = "socket:[\(inode)]"
        for pid in Self.processes() {
            let folder = "/proc/\(pid)/fd"
            for name in LocalFolder.names(in: folder) ?? [] where Self.target(of: "\(folder)/\(name)") == link {
                self.pid = pid
                return
            }
        }
        return nil
    }

    /// CPU nanoseconds of the process and all below it, from their CPU clocks: exact, and with threads that have ended.
    public func cpuNanoseconds() -> UInt64 {
        family().reduce(0) { $0 &+ cepoll_process_cpu_nanoseconds(CInt(clamping: $1)) }
    }

    /// The process and its descendants, as a server's workers may be processes of their own.
    func family() -> [Int] {
        var children: [Int: [Int]] = [:]
        for pid in Self.processes() {
            if let parent = Self.parent(of: pid) { children[parent, default: []].append(pid) }
        }
        var family = [pid]
        var next = 0
        while next < family.count {
            family += children[family[next]] ?? []
            next += 1
        }
        return family
    }

    /// Ports that the process listens on.
    public func listeningPorts() -> [Int] {
        let folder = "/proc/\(pid)/fd"
        let links = Set((LocalFolder.names(in: folder) ?? []).compactMap { Self.target(of: "\(folder)/\($0)") })
        return Self.listeners().filter { links.contains("socket:[\($0.inode)]") }.map(\.port)
    }

    // MARK: /proc

    private static func listeningSocket(port: Int) -> String? {
        listeners().first { $0.port == port }?.inode
    }

    /// Lines are `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode`; state 0A listens.
    private static func listeners() -> [(port: Int, inode: String)] {
        ["/proc/self/net/tcp", "/proc/self/net/tcp6"].flatMap { file in
            text(file).split(separator: "\n").dropFirst().compactMap { line -> (port: Int, inode: String)? in
                let fields = line.split(separator: " ", omittingEmptySubsequences: true)
                guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                    let port = Int(fields[1][fields[1].index(after: colon)...], radix: 16)
                else { return nil }
                return (port, String(fields[9]))
            }
        }
    }

    private static func processes() -> [Int] { (LocalFolder.names(in: "/proc") ?? []).compactMap { Int($0) } }

    /// `PID (NAME) STATE PARENT ...`; a name may have spaces and brackets.
    private static func parent(of pid: Int) -> Int? {
        let stat = text("/proc/\(pid)/stat")
        guard let bracket = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: bracket)...].split(separator: " ")
        return fields.count > 1 ? Int(fields[1]) : nil
    }

    private static func text(_ path: String) -> String {
        guard let bytes = try? LocalFile.contents(of: path, limit: 64 << 20) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func target(of link: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            // Room for 256 characters: it has an address.
            let count = readlink(link, buffer.baseAddress.unsafelyUnwrapped, buffer.count)
            guard count > 0 else { return nil }
            return String(
                decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]),
                as: UTF8.self
            )
        }
    }
}

/// CPU time of this process.
enum OwnCPU {
    static func nanoseconds() -> UInt64 {
        var value = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &value)
        return UInt64(value.tv_sec) &* 1_000_000_000 &+ UInt64(value.tv_nsec)
    }
}
