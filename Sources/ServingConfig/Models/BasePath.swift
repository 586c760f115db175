import ServingPrimitives

/// Where a model's versions are, as its configuration spells it.
public enum BasePath: Sendable, Hashable {
    /// In the local file system: an absolute path, also when it was given as a `file://` URI.
    case absolute(String)
    /// In a store that versions are fetched from: `s3`, `gs`, `http` or `https`. It may still be wrong.
    case store(String)
    /// In a file system this server cannot read, like `hdfs`.
    case otherFileSystem(scheme: String)
    case relative

    /// A scheme is a letter, then letters, digits and dots, before `://`: TensorFlow's rule for what is a URI. The host
    /// of a `file://` URI must be empty; nothing in its path is percent-decoded, as TensorFlow does not either.
    public init(_ text: String) {
        guard let (scheme, rest) = Self.schemeAndRest(text) else {
            self = text.hasPrefix("/") ? .absolute(text) : .relative
            return
        }
        switch scheme {
        case "file": self = rest.hasPrefix("/") ? .absolute(String(rest)) : .relative
        case _ where StoreLocation.isOne(text): self = .store(text)
        default: self = .otherFileSystem(scheme: String(scheme))
        }
    }

    private static func schemeAndRest(_ text: String) -> (scheme: Substring, rest: Substring)? {
        let scheme = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") }
        let rest = text[scheme.endIndex...]
        guard let first = scheme.first, first.isLetter, rest.hasPrefix("://") else { return nil }
        return (scheme, rest.dropFirst(3))
    }
}
