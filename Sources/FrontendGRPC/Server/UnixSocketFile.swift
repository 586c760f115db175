import NIOCore
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file of a Unix domain socket: taken over from a server that died, never from one that lives. A listener that
/// is closed in order removes its file itself.
struct UnixSocketFile: Sendable {
    let path: String

    /// Makes the path free to bind: removes the socket file of a server that is gone.
    ///
    /// - Throws: `ALREADY_EXISTS` when a live server answers on it or the path is something else than a socket,
    ///   `INVALID_ARGUMENT` when the path does not fit in a socket address, or what the system says.
    func claim() throws(ServingError) {
        let address = try socketAddress()
        var info = stat()
        guard lstat(path, &info) == 0 else {
            guard errno == ENOENT else { throw failure("look at", errno) }
            return
        }
        guard info.st_mode & S_IFMT == S_IFSOCK else {
            throw ServingError(.alreadyExists, "\(path) exists and is not a socket; remove it or choose another path")
        }
        guard try !isAlive(address) else {
            throw ServingError(.alreadyExists, "another server is listening on \(path)")
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove the stale socket", errno) }
    }

    private func socketAddress() throws(ServingError) -> SocketAddress {
        do {
            return try SocketAddress(unixDomainSocketPath: path)
        } catch {
            let limit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
            throw .invalidArgument(
                "the socket path \(path) has \(path.utf8.count) bytes; a Unix socket path has 1 to \(limit)"
            )
        }
    }

    /// Whether somebody accepts connections. Does not wait: a server whose queue is full is alive, too.
    private func isAlive(_ address: SocketAddress) throws(ServingError) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw failure("make a socket to probe", errno) }
        defer { close(descriptor) }
        let status = address.withSockAddr { address, size in connect(descriptor, address, socklen_t(size)) }
        guard status != 0 else { return true }
        switch errno {
        case ECONNREFUSED, ENOENT: return false
        case EAGAIN, EINPROGRESS: return true
        default: throw failure("probe", errno)
        }
    }

    private func failure(_ action: String, _ number: Int32) -> ServingError {
        ServingError(.unavailable, "cannot \(action) \(path): \(String(cString: strerror(number)))")
    }
}
