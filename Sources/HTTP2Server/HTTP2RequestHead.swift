/// One regular header field. Names are lower case, as HTTP/2 requires.
public struct HTTP2HeaderField: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request's header block after HPACK: pseudo-header fields checked and taken apart, regular fields in wire order.
public struct HTTP2RequestHead: Sendable {
    public var method: String
    public var path: String
    public var scheme: String
    public var authority: String
    public var fields: [HTTP2HeaderField]

    public init(
        method: String,
        path: String,
        scheme: String = "http",
        authority: String = "",
        fields: [HTTP2HeaderField] = []
    ) {
        self.method = method
        self.path = path
        self.scheme = scheme
        self.authority = authority
        self.fields = fields
    }

    /// The first field of that (lower-case) name.
    public func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
