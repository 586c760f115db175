public import HTTPClient
public import ServingPrimitives

/// One HTTP/1.1 request to a server and its answer, for command lines.
public struct HTTPQuestion: Sendable {
    public struct Answer: Sendable {
        public var status: Int
        public var body: [UInt8]
    }

    public var method: String
    public var path: String
    public var body: [UInt8]
    /// Further header fields; names in lower case.
    public var fields: [(name: String, value: String)]

    public init(_ method: String, _ path: String, body: [UInt8] = [], fields: [(name: String, value: String)] = []) {
        self.method = method
        self.path = path
        self.body = body
        self.fields = fields
    }

    /// - Throws: `UNAVAILABLE` when nobody answers within the time.
    public func ask(_ address: ServerAddress, seconds: Double) throws(ServingError) -> Answer {
        var fields = RequestFields()
        fields.others = self.fields
        let request = PreparedRequest.http1(method: method, path: path, body: body, to: address, fields)
        let reply = try SingleCall.perform(request, to: address, .http1, seconds: seconds)
        guard case .http(let status) = reply.kind else { throw reply.refusal(address) }
        return Answer(status: status, body: reply.body)
    }
}
