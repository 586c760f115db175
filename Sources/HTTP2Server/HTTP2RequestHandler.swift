public import NIOCore

/// The application side of one HTTP/2 connection. Every call comes on the connection's event loop.
///
/// A request body is delivered whole, when its END_STREAM has come: gRPC's unary and server-streaming calls need
/// nothing else. Responses may be sent at any time from `streamOpened` on, also from outside these calls as long as
/// it is on the event loop.
public protocol HTTP2RequestHandler: AnyObject {
    /// A request's headers have come. Say how much body to accept, or answer at once through `stream` (a body that
    /// still comes for an answered stream is thrown away).
    func streamOpened(_ stream: HTTP2ServerStream, head: HTTP2RequestHead) -> HTTP2BodyPlan

    /// The first bytes of a body that does not fit in one frame: how long it is going to be, and where in it the part
    /// is that should start on a 64-byte boundary. `nil` when unknown.
    func bodyLayout(_ stream: HTTP2ServerStream, prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout?

    /// The whole request has come; `body` may be empty. Not called for a stream that was answered before.
    func requestReceived(_ stream: HTTP2ServerStream, body: ByteBuffer)

    /// The body grew above `HTTP2BodyPlan.maximumByteCount`, or the server's budget for bodies in flight is spent.
    /// Answer the stream; it is reset afterwards.
    func bodyRefused(_ stream: HTTP2ServerStream, reason: HTTP2BodyRefusal)

    /// The stream ended before its response was complete: the peer reset it, or the connection is gone. Nothing more
    /// can be sent on it.
    func streamCancelled(_ stream: HTTP2ServerStream)

    /// Whether the peer has a good reason to reset an open stream now, so that it does not count as abuse. By default it
    /// has none.
    func excusesReset(of stream: HTTP2ServerStream) -> Bool
}

extension HTTP2RequestHandler {
    public func excusesReset(of stream: HTTP2ServerStream) -> Bool { false }
}

public struct HTTP2BodyPlan: Sendable {
    /// Larger bodies are refused.
    public var maximumByteCount: Int

    public init(maximumByteCount: Int) { self.maximumByteCount = maximumByteCount }
}

public struct HTTP2BodyLayout: Sendable, Hashable {
    /// Bytes of the whole body, as the application reads it from the prefix. A hint: checked against the limits, and
    /// memory is claimed as bytes really come.
    public var expectedByteCount: Int
    /// Offset of the byte that should lie on a 64-byte boundary.
    public var alignedOffset: Int

    public init(expectedByteCount: Int, alignedOffset: Int) {
        self.expectedByteCount = expectedByteCount
        self.alignedOffset = alignedOffset
    }
}

public enum HTTP2BodyRefusal: Sendable, Hashable {
    case tooLarge(limit: Int)
    case overBudget
}
