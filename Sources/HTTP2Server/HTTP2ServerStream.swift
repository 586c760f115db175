public import NIOCore

/// One request and its response. Belongs to its connection's event loop; not Sendable on purpose.
///
/// Order of a response: `sendHeaders`, any number of `sendData`, then `sendTrailers` (or `sendHeaders` with
/// `endStream`). Calls on a stream that is closed (reset, connection gone) do nothing.
/// Frames go out at the end of the read cycle that asked for them; outside one, call `flush()`.
public final class HTTP2ServerStream {
    public let id: UInt32
    /// For the application's own use.
    public var context: AnyObject?
    /// False once the response is complete, the peer reset the stream or the connection ended.
    public internal(set) var isOpen = true

    init(id: UInt32) { self.id = id }

    public func sendHeaders(status: Int, _ fields: [HTTP2HeaderField], endStream: Bool = false) { fatalError() }

    /// Sends body bytes; waits in the stream for flow-control window as needed, without a copy for large buffers.
    public func sendData(_ data: ByteBuffer) { fatalError() }

    /// Sends `byteCount` body bytes that `write` fills in, straight in the connection's output buffer when the window
    /// has room for them.
    public func sendData(byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) { fatalError() }

    public func sendTrailers(_ fields: [HTTP2HeaderField]) { fatalError() }

    /// RST_STREAM with an error code of RFC 9113, section 7.
    public func reset(code: UInt32) { fatalError() }

    /// Sends what the connection has collected.
    public func flush() { fatalError() }

    /// Bytes given to `sendData` that flow control still holds back.
    public var pendingByteCount: Int { fatalError() }
}
