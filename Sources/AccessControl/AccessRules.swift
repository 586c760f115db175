public import ServingPrimitives

/// Who may do what: the content of an API keys file.
///
/// A line for each key: name, secret, verbs, models, with blanks between them. `#` begins a comment.
///
///     # who      key                    may               which models
///     web        sha256:64 hex digits   predict,metadata  resnet,bert-*
///     ops        a-key-in-plain-text    *
///     anonymous  -                      status
///
/// The secret is the key itself (16 characters at least) or its SHA-256. Verbs are `AccessVerb`s or `*`; without models all
/// are meant. `anonymous` says what callers without a key may do; without that line they may do nothing.
public struct AccessRules: Sendable, Hashable {
    /// Larger files are refused.
    public static let maximumByteCount = 1 << 20
    /// Every call is compared with every key.
    public static let maximumKeyCount = 1000

    struct Key: Sendable, Hashable {
        var name: String
        var digest: SHA256Digest
        var grant: AccessGrant
    }

    var keys: [Key] = []
    /// What callers without a key may do.
    public internal(set) var anonymous: AccessGrant?

    /// - Throws: `INVALID_ARGUMENT` with every line that is wrong, how, and what was expected. No secret is in the text.
    public init(_ bytes: [UInt8]) throws(ServingError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw .invalidArgument("The API keys have \(bytes.count) bytes; at most \(Self.maximumByteCount) are read")
        }
        var parser = AccessRulesParser()
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            parser.read(line, number: index + 1)
        }
        guard parser.problems.isEmpty else { throw .invalidArgument(parser.summary) }
        (keys, anonymous) = (parser.keys, parser.anonymous)
    }

    /// Who has that key; `nil` for nobody. Takes the same time for every key that is not there.
    public func caller(presenting key: some Collection<UInt8>) -> AccessCaller? {
        let digest = SHA256Digest(of: key)
        var found: Key?
        for key in keys where key.digest.equals(digest) { found = key }
        return found.map { AccessCaller(name: $0.name, grant: $0.grant) }
    }

    public var keyCount: Int { keys.count }
}

/// Who calls, as the rules know them.
public struct AccessCaller: Sendable, Hashable {
    /// The name of the key; `anonymous` without one.
    public var name: String
    public var grant: AccessGrant

    public init(name: String, grant: AccessGrant) {
        self.name = name
        self.grant = grant
    }
}
