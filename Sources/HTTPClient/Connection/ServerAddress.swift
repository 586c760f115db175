import Glibc
public import ServingPrimitives

/// Where a server listens: resolved once, before the run.
public struct ServerAddress: Sendable {
    /// `HOST:PORT` as given.
    public let text: String
    public let host: String
    public let port: Int
    private let storage: [UInt8]
    package let family: CInt

    /// - Parameter text: `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT` (this machine), `unix:PATH`.
    /// - Throws: `INVALID_ARGUMENT` when it is none of these; `NOT_FOUND` when the name does not resolve.
    public init(_ text: String) throws(ServingError) {
        self.text = text
        if text.hasPrefix("unix:") {
            host = "localhost"
            port = 0
            family = AF_UNIX
            storage = try Self.unixAddress(String(text.dropFirst(5)))
            return
        }
        let parts = try Self.parts(text)
        host = parts.host
        port = parts.port
        (family, storage) = try Self.resolve(parts.host, parts.port)
    }

    /// As requests name it.
    package var authority: String { host.contains(":") ? "[\(host)]:\(port)" : port == 0 ? host : "\(host):\(port)" }

    /// Whether this is a loopback address.
    public var isLocal: Bool {
        switch family {
        // struct sockaddr_in: family, port, address.
        case AF_INET: storage.count > 4 && storage[4] == 127
        // struct sockaddr_in6: family, port, flow, address.
        case AF_INET6: storage.count >= 24 && storage[8..<23].allSatisfy { $0 == 0 } && storage[23] == 1
        default: false
        }
    }

    /// The same host, another port.
    package func with(port: Int) throws(ServingError) -> ServerAddress {
        try ServerAddress(host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
    }

    private static func parts(_ text: String) throws(ServingError) -> (host: String, port: Int) {
        let colon = text.lastIndex(of: ":")
        let host = colon.map { text[..<$0] } ?? ""
        let digits = colon.map { text[text.index(after: $0)...] } ?? text[...]
        guard let port = Int(digits), (1...65_535).contains(port) else {
            throw .invalidArgument("\"\(text)\" is no address; expected HOST:PORT, as 127.0.0.1:8500")
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
        return (bare.isEmpty ? "127.0.0.1" : String(bare), port)
    }

    private static func resolve(_ host: String, _ port: Int) throws(ServingError) -> (CInt, [UInt8]) {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0, let first = list else {
            throw ServingError(.notFound, "\(host) does not resolve: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(list) }
        let bytes = UnsafeRawBufferPointer(start: first.pointee.ai_addr, count: Int(first.pointee.ai_addrlen))
        return (first.pointee.ai_family, Array(bytes))
    }

    private static func unixAddress(_ path: String) throws(ServingError) -> [UInt8] {
        var address = sockaddr_un()
        let utf8 = Array(path.utf8)
        guard !utf8.isEmpty, utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .invalidArgument("\"unix:\(path)\" is no address: the path is empty or too long")
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: utf8) }
        return withUnsafeBytes(of: address) { Array($0) }
    }

    /// A socket that is connecting.
    ///
    /// - Returns: the descriptor, or the `errno` that it failed with.
    func connect() -> Result<CInt, SystemError> {
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { return .failure(SystemError(number: errno)) }
        if family != AF_UNIX {
            var on: CInt = 1
            setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
        }
        let status = storage.withUnsafeBytes { bytes in
            // The bytes are a socket address of this family, and never empty.
            Glibc.connect(
                descriptor,
                bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count)
            )
        }
        if status == 0 || errno == EINPROGRESS { return .success(descriptor) }
        let number = errno
        close(descriptor)
        return .failure(SystemError(number: number))
    }
}

/// What a system call failed with.
struct SystemError: Error {
    var number: CInt

    var brokenAnswer: BrokenAnswer { number == ECONNREFUSED ? .refused : .unreachable }
    var text: String { String(cString: strerror(number)) }
}
