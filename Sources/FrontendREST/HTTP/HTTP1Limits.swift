/// What a client may send at most, in bytes unless said otherwise.
public struct HTTP1Limits: Sendable, Hashable {
    /// Method, target and version. Longer: 414.
    public var requestLine: Int
    /// Request line and all header fields; also the trailer fields of a chunked body. Longer: 431.
    public var head: Int
    /// Number of header fields. More: 431.
    public var fieldCount: Int
    /// A body as it is sent. Longer: 413.
    public var body: Int

    public init(requestLine: Int = 16 << 10, head: Int = 64 << 10, fieldCount: Int = 128, body: Int = 1 << 30) {
        self.requestLine = requestLine
        self.head = head
        self.fieldCount = fieldCount
        self.body = body
    }
}
