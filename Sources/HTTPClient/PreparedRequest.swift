package import HTTP2Server

/// A request as it goes over the wire, built once and sent many times.
public final class PreparedRequest: @unchecked Sendable {
    // Sendable: nothing is written after `init`.

    /// Requests of one route have the same header fields; an HTTP/2 client encodes them once for each connection.
    package let route: Int
    /// Pseudo-header fields first.
    package let fields: [HTTP2HeaderField]
    /// With the five bytes before a gRPC message.
    package let body: UnsafeRawBufferPointer
    /// For HTTP/1.1: head and body.
    package let http1: UnsafeRawBufferPointer
    package let check: AnswerCheck
    private let memory: RequestBody

    /// Of the body.
    public var byteCount: Int { body.count }

    /// - Parameter fields: pseudo-header fields first; `host` and `content-length` are added for HTTP/1.1.
    package init(route: Int, fields: [HTTP2HeaderField], body: [UInt8], http1Head: [UInt8], check: AnswerCheck) {
        self.route = route
        self.fields = fields
        self.check = check
        // One piece, so that an HTTP/1.1 request is one write.
        memory = RequestBody(byteCount: http1Head.count + body.count) { memory in
            memory.copyBytes(from: http1Head)
            UnsafeMutableRawBufferPointer(rebasing: memory[http1Head.count...]).copyBytes(from: body)
        }
        http1 = memory.bytes
        self.body = UnsafeRawBufferPointer(rebasing: memory.bytes[http1Head.count...])
    }

    /// A request for HTTP/2 only.
    ///
    /// - Parameter body: is not copied.
    package init(route: Int, fields: [HTTP2HeaderField], body: RequestBody, check: AnswerCheck) {
        self.route = route
        self.fields = fields
        self.check = check
        memory = body
        http1 = UnsafeRawBufferPointer(start: nil, count: 0)
        self.body = body.bytes
    }
}

/// What makes an answer of status OK a good one.
package enum AnswerCheck: Sendable {
    /// Nothing more.
    case status
    /// A `tensorflow.serving.PredictResponse`.
    case predictResponse
    /// A JSON document with `predictions`, `outputs` or `results`.
    case predictJSON
}
