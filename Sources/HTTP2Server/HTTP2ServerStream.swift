public import NIOCore
import ServingPrimitives

/// One request and its response. Belongs to its connection's event loop; not Sendable on purpose.
///
/// Order of a response: `sendHeaders`, any number of `sendData`, then `sendTrailers` (or `sendHeaders` with
/// `endStream`). Calls on a stream that is closed (reset, connection gone) do nothing.
/// Frames go out at the end of the read cycle that asked for them; outside one, call `flush()`.
public final class HTTP2ServerStream {
    public internal(set) var id: UInt32
    /// For the application's own use. Dropped when the stream closes.
    public var context: AnyObject?
    /// False once the response is complete, the peer reset the stream or the connection ended.
    public internal(set) var isOpen = true

    /// The connection lets go of its streams when it ends; until then the two hold each other.
    let connection: HTTP2Connection

    // The request side.
    var body = RequestBody()
    /// What the body takes of the server's budget.
    var claim: MemoryClaim?
    var maximumBodyByteCount = 0
    /// Body bytes so far, padding not counted.
    var receivedByteCount = 0
    var contentLength: Int?
    var isRequestComplete = false
    /// The application takes no more of the body: it refused the request or answered it early.
    var discardsBody = false
    /// What the peer may still send.
    var receiveWindow = 0
    /// Received bytes not yet given back by WINDOW_UPDATE.
    var unreturnedByteCount = 0

    // The response side.
    /// What we may still send. Negative after the peer lowered SETTINGS_INITIAL_WINDOW_SIZE.
    var sendWindow = 0
    var sentHeaders = false
    /// The application has given the whole response, though part of it may be pending.
    var isAnswered = false
    var pending = PendingOutput()
    /// In the queue of streams that can send when their turn comes.
    var isQueued = false
    var nextQueued: HTTP2ServerStream?

    init(id: UInt32, connection: HTTP2Connection) {
        self.id = id
        self.connection = connection
    }

    /// Makes a closed stream that nobody else holds ready for another request.
    func recycle(id: UInt32) {
        self.id = id
        isOpen = true
        receivedByteCount = 0
        contentLength = nil
        isRequestComplete = false
        discardsBody = false
        unreturnedByteCount = 0
        sentHeaders = false
        isAnswered = false
    }

    /// Sends the response's status and fields, with `endStream` as the whole response.
    public func sendHeaders(status: Int, _ fields: [HTTP2HeaderField], endStream: Bool = false) {
        guard isOpen else { return }
        connection.sendHeaders(self, status: status, fields, endStream: endStream)
    }

    /// Sends body bytes; waits in the stream for flow-control window as needed, without a copy for large buffers.
    public func sendData(_ data: ByteBuffer) {
        guard isOpen else { return }
        connection.sendData(self, data)
    }

    /// Sends `byteCount` body bytes that `write` fills in, straight in the connection's output buffer when the window
    /// has room for them. `write` is called exactly once, before this returns, unless the stream is closed.
    public func sendData(byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        guard isOpen else { return }
        connection.sendData(self, byteCount: byteCount, write)
    }

    /// Ends the response.
    public func sendTrailers(_ fields: [HTTP2HeaderField]) {
        guard isOpen else { return }
        connection.sendTrailers(self, fields)
    }

    /// RST_STREAM with an error code of RFC 9113, section 7 (`HTTP2ErrorCode`). The stream is closed afterwards;
    /// `streamCancelled` is not called.
    public func reset(code: UInt32) {
        guard isOpen else { return }
        connection.reset(self, code: code)
    }

    /// Sends what the connection has collected. Within a read cycle that happens at its end anyway.
    public func flush() { connection.requestFlush() }

    /// Bytes given to `sendData` that flow control still holds back.
    public var pendingByteCount: Int { pending.byteCount }
}
