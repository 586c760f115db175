import HTTP2Server
import ServingPrimitives

/// A gRPC response on an HTTP/2 stream.
extension HTTP2ServerStream {
    private static let contentType = HTTP2HeaderField("content-type", "application/grpc")
    private static let responseHeaders = [
        contentType, HTTP2HeaderField("grpc-accept-encoding", MessageEncoding.accepted),
    ]
    private static let okTrailers = [HTTP2HeaderField("grpc-status", "0")]

    /// Starts a response that carries messages.
    func sendGRPCHeaders() { sendHeaders(status: 200, Self.responseHeaders) }

    /// Sends one uncompressed message; `write` fills in all of its `byteCount` bytes, at most 2^31-1.
    func sendGRPCMessage(byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        sendData(byteCount: GRPCFraming.prefixByteCount + byteCount) { target in
            GRPCFraming.writePrefix(messageByteCount: byteCount, into: target)
            write(UnsafeMutableRawBufferPointer(rebasing: target.dropFirst(GRPCFraming.prefixByteCount)))
        }
    }

    /// Ends a response whose headers were sent with status OK.
    func sendGRPCSuccess() { sendTrailers(Self.okTrailers) }

    /// Ends a response with an error; `headersSent` says whether messages (or none) went before it.
    func sendGRPCError(_ error: ServingError, headersSent: Bool = false) {
        let status = Self.statusFields(error)
        if headersSent {
            sendTrailers(status)
        } else {
            sendHeaders(status: 200, Self.responseHeaders + status, endStream: true)
        }
    }

    /// Refuses what is no gRPC call with an HTTP status, and for gRPC clients with a gRPC status as well.
    func sendHTTPError(status: Int, _ text: String) {
        var fields = [Self.contentType] + Self.statusFields(.invalidArgument(text))
        if status == 405 { fields.append(HTTP2HeaderField("allow", "POST")) }
        sendHeaders(status: status, fields, endStream: true)
    }

    private static func statusFields(_ error: ServingError) -> [HTTP2HeaderField] {
        let status = [
            HTTP2HeaderField("grpc-status", String(error.code.rawValue)),
            HTTP2HeaderField("grpc-message", GRPCStatusMessage.headerValue(error.message)),
        ]
        return status + GRPCRetryInfo.fields(error)
    }
}
