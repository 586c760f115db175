/// A place in a store: `s3://BUCKET/PATH`, `gs://BUCKET/PATH`, `http://HOST/PATH` or `https://HOST/PATH`.
public struct StoreLocation: Sendable, Hashable, CustomStringConvertible {
    public enum Scheme: String, Sendable, Hashable, CaseIterable {
        case s3, gs, http, https
    }

    public var scheme: Scheme
    /// The bucket, or the host with its port.
    public var authority: String
    /// Without slashes at its ends; empty for the whole bucket or host. That of a URL is as it was written, percent codes
    /// and all.
    public var path: String

    public init(scheme: Scheme, authority: String, path: String) {
        self.scheme = scheme
        self.authority = authority
        self.path = path
    }

    /// Whether the text begins as a location does; it may still be wrong.
    public static func isOne(_ text: String) -> Bool {
        text.hasPrefix("s3://") || text.hasPrefix("gs://") || text.hasPrefix("http://") || text.hasPrefix("https://")
    }

    /// - Throws: `INVALID_ARGUMENT` with what is wrong.
    public init(_ text: String) throws(ServingError) {
        guard let end = text.firstRange(of: "://"), let scheme = Scheme(rawValue: String(text[..<end.lowerBound]))
        else {
            throw .invalidArgument("\(text) is no place in a store; expected s3://, gs://, http:// or https://")
        }
        let rest = text[end.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        self.init(scheme: scheme, authority: String(rest[..<slash]), path: Self.trimmed(rest[slash...]))
        try check(text)
    }

    private static func trimmed(_ path: Substring) -> String {
        var path = path
        while path.hasPrefix("/") { path = path.dropFirst() }
        while path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }

    private func check(_ text: String) throws(ServingError) {
        guard !authority.isEmpty else {
            throw .invalidArgument("\(text) names no \(scheme.isHTTP ? "host" : "bucket")")
        }
        let isPlain = authority.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            case UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): scheme.isHTTP
            default: false
            }
        }
        guard isPlain else {
            throw .invalidArgument(
                "the \(scheme.isHTTP ? "host" : "bucket") of a place in a store has a character that it cannot have; names "
                    + "and passwords belong into ~/.netrc"
            )
        }
        guard path.isEmpty || SafePath.isBelow(path), !scheme.isHTTP || !path.contains(where: { "?#".contains($0) })
        else {
            throw .invalidArgument(
                "\(text): the path has empty, . or .. parts\(scheme.isHTTP ? ", or a query" : ", or is too long")"
            )
        }
    }

    public var description: String { "\(scheme.rawValue)://\(authority)\(path.isEmpty ? "" : "/\(path)")" }
}

extension StoreLocation.Scheme {
    public var isHTTP: Bool { self == .http || self == .https }
}
