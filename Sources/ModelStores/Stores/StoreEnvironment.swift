import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the ecosystem's own environment variables and files say.
public struct StoreEnvironment: Sendable {
    private let variable: @Sendable (String) -> String?
    private let read: @Sendable (String) -> [UInt8]?

    /// Credentials and settings are short.
    private static let maximumFileBytes = 1 << 20

    /// - Parameters:
    ///   - variable: the value of a variable; an empty one counts as none.
    ///   - read: the content of a file; `nil` when it cannot be read.
    public init(
        variable: @escaping @Sendable (String) -> String?,
        read: @escaping @Sendable (String) -> [UInt8]?
    ) {
        self.variable = variable
        self.read = read
    }

    /// Those of this process.
    public static let process = StoreEnvironment(
        variable: { getenv($0).map { String(cString: $0) } },
        read: { try? LocalFile.contents(of: $0, limit: maximumFileBytes) }
    )

    /// The first of these that is set.
    subscript(_ names: String...) -> String? {
        for name in names { if let value = variable(name), !value.isEmpty { return value } }
        return nil
    }

    func contents(of path: String) -> [UInt8]? { read(path) }

    /// A file below the home folder, or where a variable says.
    func file(_ name: String, unless variable: String? = nil) -> String? {
        if let variable, let path = self[variable] { return path }
        return self["HOME"].map { "\($0)/\(name)" }
    }

    /// Certificates in place of the system's.
    var certificates: String? { self["AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"] }
}
