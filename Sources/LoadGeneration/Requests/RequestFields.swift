import HTTP2Server

/// What goes into the header of every request of a run.
public struct RequestFields: Sendable {
    /// Nanoseconds; as `grpc-timeout`, or as `x-request-timeout-ms` over REST.
    public var deadline: UInt64?
    public var priority: String?
    public var tenant: String?
    /// Further fields as the user gave them; names in lower case.
    public var others: [(name: String, value: String)] = []

    public init() {}

    private static let userAgent = "apus-bench"

    /// The same, but for requests that may take their time.
    public var withoutDeadline: RequestFields {
        var fields = self
        fields.deadline = nil
        return fields
    }

    /// For gRPC, pseudo-header fields first.
    func grpc(path: String, authority: String) -> [HTTP2HeaderField] {
        var fields = [
            HTTP2HeaderField(":method", "POST"), HTTP2HeaderField(":scheme", "http"), HTTP2HeaderField(":path", path),
            HTTP2HeaderField(":authority", authority), HTTP2HeaderField("te", "trailers"),
            HTTP2HeaderField("content-type", "application/grpc"), HTTP2HeaderField("user-agent", Self.userAgent),
        ]
        if let deadline { fields.append(HTTP2HeaderField("grpc-timeout", Self.grpcTimeout(deadline))) }
        fields += common
        return fields
    }

    /// The head of an HTTP/1.1 request.
    func http1(method: String, path: String, authority: String, contentType: String, bodyCount: Int) -> [UInt8] {
        var text = "\(method) \(path) HTTP/1.1\r\nhost: \(authority)\r\nuser-agent: \(Self.userAgent)\r\n"
        if method == "POST" { text += "content-type: \(contentType)\r\ncontent-length: \(bodyCount)\r\n" }
        if let deadline { text += "x-request-timeout-ms: \(Self.milliseconds(deadline))\r\n" }
        for field in common { text += "\(field.name): \(field.value)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    private var common: [HTTP2HeaderField] {
        var fields: [HTTP2HeaderField] = []
        if let priority { fields.append(HTTP2HeaderField("x-request-priority", priority)) }
        if let tenant { fields.append(HTTP2HeaderField("x-tenant", tenant)) }
        return fields + others.map { HTTP2HeaderField($0.name, $0.value) }
    }

    /// At most eight digits and a unit: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
    static func grpcTimeout(_ nanoseconds: UInt64) -> String {
        let units: [(UInt64, String)] = [(1, "n"), (1_000, "u"), (1_000_000, "m"), (1_000_000_000, "S")]
        // The largest unit that loses nothing, else the smallest one that fits.
        if let exact = units.last(where: { nanoseconds % $0.0 == 0 && nanoseconds / $0.0 <= 99_999_999 }) {
            return "\(nanoseconds / exact.0)\(exact.1)"
        }
        let (unit, letter) = units.first { nanoseconds / $0.0 <= 99_999_999 } ?? (1_000_000_000, "S")
        return "\(min(nanoseconds / unit, 99_999_999))\(letter)"
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String {
        nanoseconds % 1_000_000 == 0 ? "\(nanoseconds / 1_000_000)" : "\(Double(nanoseconds) / 1e6)"
    }
}
