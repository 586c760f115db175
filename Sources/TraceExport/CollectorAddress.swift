public import ServingPrimitives

/// Where a collector takes traces by OTLP over HTTP.
public struct CollectorAddress: Sendable, Hashable {
    /// Where collectors listen for HTTP.
    static let defaultPort = 4318
    private static let tracesPath = "/v1/traces"

    var usesTLS: Bool
    var host: String
    var port: Int
    var path: String

    /// - Parameter url: `http://HOST[:PORT][/PATH]` or with `https`. As OpenTelemetry has it, `/v1/traces` is added to the path
    ///   of a collector.
    /// - Throws: `INVALID_ARGUMENT`: what was expected.
    public init(_ url: String) throws(ServingError) {
        guard let scheme = ["http://", "https://"].first(where: { url.hasPrefix($0) }),
            url.utf8.allSatisfy(Self.isPlain)
        else { throw Self.malformed(url) }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        var path = String(rest.dropFirst(authority.count))
        while path.hasSuffix("/") { path.removeLast() }
        guard let (host, port) = Self.split(authority), !path.contains("?"), !path.contains("#") else {
            throw Self.malformed(url)
        }
        usesTLS = scheme == "https://"
        self.host = host
        self.port = port
        self.path = path.hasSuffix(Self.tracesPath) ? path : path + Self.tracesPath
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    private static func split(_ authority: Substring) -> (host: String, port: Int)? {
        var host = authority
        var port = defaultPort
        // A colon inside of brackets belongs to an IPv6 address.
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else {
                return nil
            }
            port = number
            host = authority[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains("@"), !host.contains("[") else { return nil }
        return (String(host), port)
    }

    private static func malformed(_ url: String) -> ServingError {
        .invalidArgument("otlp_endpoint is \"\(url)\"; expected a URL like http://localhost:4318")
    }

    /// What the `Host` field says.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
