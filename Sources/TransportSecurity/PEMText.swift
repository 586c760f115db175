/// A text with PEM blocks, and where it came from, as error messages name it.
public struct PEMText: Sendable, Hashable {
    public var text: String
    /// Like `server_key of tls/ssl.config`, or a file's path.
    public var origin: String

    public init(_ text: String, origin: String) {
        self.text = text
        self.origin = origin
    }
}
