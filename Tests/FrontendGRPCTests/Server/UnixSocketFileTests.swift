import Glibc
import NIOCore
import NIOPosix
import ServingPrimitives
import Testing

@testable import FrontendGRPC

/// A short path in a folder of its own, removed at the end.
func withTemporaryFolder<R>(_ body: (String) async throws -> R) async throws -> R {
    var template = Array("/tmp/apus-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { rmdir(folder) }
    return try await body(folder)
}

struct UnixSocketFileTests {
    private func listen(_ path: String) async throws -> any Channel {
        try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup).bind(unixDomainSocketPath: path).get()
    }

    @Test func `a free path is left alone`() async throws {
        try await withTemporaryFolder { folder in
            try UnixSocketFile(path: folder + "/s").claim()
            #expect(access(folder + "/s", F_OK) != 0)
        }
    }

    @Test func `a live server's socket is not taken over`() async throws {
        try await withTemporaryFolder { folder in
            let file = UnixSocketFile(path: folder + "/s")
            let server = try await listen(file.path)
            #expect(throws: ServingError(.alreadyExists, "another server is listening on \(file.path)")) {
                try file.claim()
            }
            try await server.close()
        }
    }

    @Test func `the socket of a server that died is removed`() async throws {
        try await withTemporaryFolder { folder in
            let file = UnixSocketFile(path: folder + "/s")
            // Bound and closed without a goodbye, which is what a crash leaves behind.
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            let address = try SocketAddress(unixDomainSocketPath: file.path)
            let status = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) }
            #expect(status == 0)
            close(descriptor)
            #expect(access(file.path, F_OK) == 0)
            try file.claim()
            #expect(access(file.path, F_OK) != 0)
        }
    }

    @Test func `something else than a socket is kept`() async throws {
        try await withTemporaryFolder { folder in
            let file = UnixSocketFile(path: folder + "/s")
            fclose(fopen(file.path, "w"))
            defer { unlink(file.path) }
            let error = #expect(throws: ServingError.self) { try file.claim() }
            #expect(error?.code == .alreadyExists)
            #expect(error?.message.contains("exists and is not a socket") == true)
            #expect(access(file.path, F_OK) == 0)
        }
    }

    @Test func `a path that is too long is refused`() {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        let error = #expect(throws: ServingError.self) { try UnixSocketFile(path: path).claim() }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("has 125 bytes; a Unix socket path has 1 to 107") == true)
    }
}
