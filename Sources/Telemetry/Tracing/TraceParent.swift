/// The `traceparent` header field of W3C Trace Context: which trace and which span of it a request belongs to.
public struct TraceParent: Sendable, Hashable {
    /// Both halves of the trace's id, most significant first; not both 0.
    public var traceHigh: UInt64
    public var traceLow: UInt64
    /// The caller's span; not 0.
    public var spanID: UInt64
    /// Whether the caller keeps the trace.
    public var isSampled: Bool

    public init(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.isSampled = isSampled
    }

    private static let byteCount = 55

    /// Reads `VERSION-TRACEID-SPANID-FLAGS`, lower-case hexadecimal. Later versions than 00 may go on behind another `-`.
    ///
    /// - Returns: `nil` for anything else: a request without a usable parent begins a trace of its own.
    public init?(_ text: some Collection<UInt8>) {
        let bytes = Array(text.prefix(Self.byteCount + 1))
        guard bytes.count >= Self.byteCount, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
            let version = Self.number(bytes[0..<2]), version != 0xFF,
            bytes.count == Self.byteCount || version > 0 && bytes[Self.byteCount] == Self.dash,
            let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]), high | low != 0,
            let span = Self.number(bytes[36..<52]), span != 0, let flags = Self.number(bytes[53..<55])
        else { return nil }
        self.init(traceHigh: high, traceLow: low, spanID: span, isSampled: flags & 1 == 1)
    }

    private static let dash = UInt8(ascii: "-")

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for byte in digits {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}
