import Foundation
import Glibc

/// A real ZooKeeper, of Debian's package, on a free port of 127.0.0.1 and in a folder of its own.
final class ZooKeeperProcess {
    private static let jars = "/usr/share/java"

    /// Where there is none, and no client library, the tests that need them are skipped.
    static let isInstalled =
        FileManager.default.fileExists(atPath: "\(jars)/zookeeper.jar")
        && ["x86_64", "aarch64"].contains {
            FileManager.default.fileExists(atPath: "/usr/lib/\($0)-linux-gnu/libzookeeper_mt.so.2")
        }

    private let folder: URL
    private let port: UInt16
    private var process: Process?

    var address: String { "127.0.0.1:\(port)" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "apus-zookeeper-\(UUID().uuidString)")
        port = try Self.freePort()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = """
            tickTime=200
            dataDir=\(folder.path)/data
            clientPort=\(port)
            clientPortAddress=127.0.0.1
            admin.enableServer=false
            """
        try configuration.write(to: folder.appending(path: "zoo.cfg"), atomically: true, encoding: .utf8)
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    func start() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/java")
        process.arguments = [
            "-Xmx128m", "-cp", "\(Self.jars)/zookeeper.jar", "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            folder.appending(path: "zoo.cfg").path,
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    /// As a power cut.
    func kill() {
        guard let process, process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// As a disk that is replaced.
    func forgetEverything() throws { try FileManager.default.removeItem(at: folder.appending(path: "data")) }

    private struct NoPort: Error {}

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw NoPort() }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard status == 0 else { throw NoPort() }
        return UInt16(bigEndian: address.sin_port)
    }
}
