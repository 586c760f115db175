import Glibc
public import ServingPrimitives

/// Where a server listens: resolved once, before it is used.
public struct ServerAddress: Sendable {
    /// `HOST:PORT` as given.
    public let text: String
    public let host: String
    public let port: Int
    private let storage: [UInt8]
    package let family: CInt

    /// The first of all addresses that a text stands for. Asks the system's resolver for names, which may take seconds.
    ///
    /// - Parameter text: `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT` (this machine), `unix:PATH`.
    /// - Throws: `INVALID_ARGUMENT` when it is none of these; `NOT_FOUND` when the name does not resolve.
    public init(_ text: String) throws(ServingError) {
        // There is one, or an error.
        self = try Self.all(text)[0]
    }

    /// All addresses that a text stands for, those first that the system prefers; at least one.
    ///
    /// - Throws: as `init`.
    package static func all(_ text: String) throws(ServingError) -> [ServerAddress] {
        if text.hasPrefix("unix:") {
            let storage = try unixAddress(String(text.dropFirst(5)))
            return [ServerAddress(text: text, host: "localhost", port: 0, storage: storage, family: AF_UNIX)]
        }
        let (host, port) = try parts(text)
        return try resolve(host, port, flags: 0).map { family, storage in
            ServerAddress(text: text, host: host, port: port, storage: storage, family: family)
        }
    }

    /// The address that a text is that names no host; `nil` for one that has to be resolved.
    package init?(number text: String) {
        do throws(ServingError) {
            let (host, port) = try Self.parts(text)
            let (family, storage) = try Self.resolve(host, port, flags: AI_NUMERICHOST)[0]
            self.init(text: text, host: host, port: port, storage: storage, family: family)
        } catch {
            return nil
        }
    }

    private init(text: String, host: String, port: Int, storage: [UInt8], family: CInt) {
        self.text = text
        self.host = host
        self.port = port
        self.storage = storage
        self.family = family
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

    /// - Returns: at least one address.
    private static func resolve(
        _ host: String,
        _ port: Int,
        flags: CInt
    ) throws(ServingError) -> [(family: CInt, storage: [UInt8])] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0, let list else {
            throw ServingError(.notFound, "\(host) does not resolve: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(list) }
        return sequence(first: list) { $0.pointee.ai_next }.map { entry in
            let bytes = UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen))
            return (entry.pointee.ai_family, Array(bytes))
        }
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
