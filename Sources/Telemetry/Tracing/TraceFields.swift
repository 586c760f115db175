/// The header fields of W3C Trace Context that a request has, as they were sent.
public struct TraceFields: Sendable, Hashable {
    /// `traceparent`
    public var parent: String?
    /// `tracestate`, which means nothing without the former.
    public var state: String?

    public init(parent: String? = nil, state: String? = nil) {
        self.parent = parent
        self.state = state
    }

    public static let parentName = "traceparent"
    public static let stateName = "tracestate"
}
