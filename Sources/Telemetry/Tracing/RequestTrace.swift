/// The trace that a request is part of. An object, so that the many requests without one carry a pointer only.
public final class RequestTrace: Sendable {
    public let traceHigh: UInt64
    public let traceLow: UInt64
    /// The caller's span; 0 when the trace begins here.
    public let parentSpanID: UInt64
    /// The span of this request.
    public let spanID: UInt64
    /// Whether its spans are exported.
    public let isSampled: Bool
    /// The `tracestate` of the request, handed on with its spans.
    public let state: String

    public init(
        traceHigh: UInt64,
        traceLow: UInt64,
        parentSpanID: UInt64,
        spanID: UInt64,
        isSampled: Bool,
        state: String = ""
    ) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.parentSpanID = parentSpanID
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// 32 hexadecimal digits.
    public var traceIDText: String { hexadecimal(traceHigh) + hexadecimal(traceLow) }

    /// 16 hexadecimal digits.
    public var spanIDText: String { hexadecimal(spanID) }
}

private func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}
