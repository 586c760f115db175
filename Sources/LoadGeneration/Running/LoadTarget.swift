public import HTTPClient
public import ServingPrimitives

/// One server, and what it is asked.
public struct LoadTarget: Sendable {
    public enum Wire: Sendable {
        case http1
        case http2
    }

    /// As tables and plots show it.
    public var name: String
    public var address: ServerAddress
    public var wire: Wire
    /// Sent one after the other, again and again.
    public var requests: [PreparedRequest]
    /// Sent once before a run: like the first of `requests`, but without a deadline, which a server that has just
    /// started might miss.
    public var probe: PreparedRequest
    /// Rows of one request, where known.
    public var rows: Int?

    public init(
        name: String,
        address: ServerAddress,
        wire: Wire,
        requests: [PreparedRequest],
        probe: PreparedRequest,
        rows: Int?
    ) {
        self.name = name
        self.address = address
        self.wire = wire
        self.requests = requests
        self.probe = probe
        self.rows = rows
    }
}

extension LoadTarget {
    /// Sends the probe.
    ///
    /// - Throws: what the server says when it refuses; `UNAVAILABLE` when it does not answer; `DATA_LOSS` when the answer
    ///   is not what such an answer should be.
    public func checkFirstAnswer() throws(ServingError) {
        let reply = try SingleCall.perform(probe, to: address, wire)
        guard reply.kind == .grpc(0) || reply.kind == .http(200) else { throw reply.refusal(address) }
        let isFine = reply.body.withUnsafeBytes { AnswerRows(probe.check, $0) != nil }
        guard isFine else {
            throw ServingError(.dataLoss, "\(name): \(address.text) answers with status OK, but with something else")
        }
    }
}
