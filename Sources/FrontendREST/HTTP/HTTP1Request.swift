package import NIOCore
import Telemetry

/// What a request asks to be done.
package enum HTTP1Method: Hashable, Sendable {
    case get
    case head
    case post
    case put
    case delete
    case patch
    case options
    /// A valid token that names none of the above.
    case other(String)

    var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .options: "OPTIONS"
        case .other(let name): name
        }
    }
}

/// A request's head: the request line, and of the header fields what this server acts on.
package struct HTTP1RequestHead: Hashable, Sendable {
    var method: HTTP1Method
    /// The request target in origin form as it was sent: path and query, not percent-decoded.
    var target: [UInt8]
    /// Whether the connection may serve another request after this one.
    var keepsAlive = true
    /// `Content-Encoding` contains `gzip`.
    var isGzip = false
    /// `Origin` contains `http://` or `https://`.
    var hasWebOrigin = false
    /// `Origin` is another one than that of `Host`: a page from elsewhere sends this, in the browser of somebody who may not
    /// know of it.
    var isCrossOrigin = false
    /// The key that the client presents: of `Authorization: Bearer`, else of `X-API-Key`.
    var key: [UInt8]?
    /// What the request asks of the scheduler; `nil` for nearly every request, which says nothing.
    var terms: Terms?
    /// The trace it says it belongs to; `nil` for nearly every request.
    var trace: TraceFields?

    /// Values of the fields that say when and for whom an answer is wanted, as they were sent.
    package struct Terms: Hashable, Sendable {
        var timeout: [UInt8]?
        var priority: [UInt8]?
        var tenant: [UInt8]?
    }
}

/// What comes out of `HTTP1Connection`.
package enum HTTP1Event: Hashable {
    /// Nothing can be done before more bytes come.
    case needsBytes
    /// The client waits for `100 Continue` before it sends the body. Comes before its request.
    case continueExpected
    case request(HTTP1RequestHead, body: ByteBuffer)
    /// The connection cannot go on: answer with this and close it. The last event.
    case failure(HTTP1Failure)
}

/// Why a connection's bytes are refused.
package struct HTTP1Failure: Error, Hashable {
    var status: HTTPStatus
    /// What was wrong and what was expected.
    var message: String
}
