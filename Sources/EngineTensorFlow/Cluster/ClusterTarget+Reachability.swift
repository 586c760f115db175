#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension ClusterTarget {
    /// Whether somebody takes connections there. Blocks for so long at most, and for what the look-up of a name takes.
    func isReachable(withinMilliseconds limit: Int32) -> Bool {
        addresses { $0.contains { address in Self.connects(to: address, withinMilliseconds: limit) } }
    }

    private func addresses(_ body: ([addrinfo]) -> Bool) -> Bool {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &found) == 0 else { return false }
        defer { freeaddrinfo(found) }
        var addresses: [addrinfo] = []
        var next = found
        while let address = next?.pointee {
            addresses.append(address)
            next = address.ai_next
        }
        return body(addresses)
    }

    private static func connects(to address: addrinfo, withinMilliseconds limit: Int32) -> Bool {
        let kind = address.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.ai_family, kind, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        if connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return true }
        guard errno == EINPROGRESS else { return false }
        var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&watched, 1, limit) == 1 else { return false }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0
    }
}
