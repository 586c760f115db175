#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Addresses of this machine.
enum LocalAddress {
    /// Where others most likely reach what listens there: a host that is listened on, else the first IPv4 address of an
    /// interface that is up, else the loopback's.
    static func reached(listening host: String) -> String {
        guard ["0.0.0.0", "::", "[::]", ""].contains(host) else { return host }
        return first ?? "127.0.0.1"
    }

    private static var first: String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        var next = list
        while let interface = next?.pointee {
            next = interface.ifa_next
            let (up, loopback) = (UInt32(IFF_UP), UInt32(IFF_LOOPBACK))
            guard interface.ifa_flags & (up | loopback) == up, let address = interface.ifa_addr,
                Int32(address.pointee.sa_family) == AF_INET
            else { continue }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = getnameinfo(
                address,
                socklen_t(MemoryLayout<sockaddr_in>.size),
                &text,
                socklen_t(text.count),
                nil,
                0,
                NI_NUMERICHOST
            )
            if status == 0 {
                return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
        return nil
    }
}
