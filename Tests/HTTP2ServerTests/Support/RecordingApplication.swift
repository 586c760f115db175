import HTTP2Server
import NIOCore

/// An application whose behaviour a test sets, and that remembers what it was told.
final class RecordingApplication: HTTP2RequestHandler {
    enum Event: Equatable {
        case opened(UInt32)
        case layout(UInt32, prefixByteCount: Int)
        case received(UInt32, byteCount: Int)
        case refused(UInt32, HTTP2BodyRefusal)
        case cancelled(UInt32)
    }

    var events: [Event] = []
    var heads: [UInt32: HTTP2RequestHead] = [:]
    var bodies: [UInt32: ByteBuffer] = [:]
    var streams: [UInt32: HTTP2ServerStream] = [:]

    var maximumBody = 1 << 30
    var layout: HTTP2BodyLayout?
    var onOpen: (HTTP2ServerStream) -> Void = { _ in }
    var onRequest: (HTTP2ServerStream) -> Void = { answer($0) }
    var onRefusal: (HTTP2ServerStream) -> Void = { $0.sendHeaders(status: 413, [], endStream: true) }

    func streamOpened(_ stream: HTTP2ServerStream, head: HTTP2RequestHead) -> HTTP2BodyPlan {
        events.append(.opened(stream.id))
        heads[stream.id] = head
        streams[stream.id] = stream
        onOpen(stream)
        return HTTP2BodyPlan(maximumByteCount: maximumBody)
    }

    func bodyLayout(_ stream: HTTP2ServerStream, prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout? {
        events.append(.layout(stream.id, prefixByteCount: prefix.count))
        return layout
    }

    func requestReceived(_ stream: HTTP2ServerStream, body: ByteBuffer) {
        events.append(.received(stream.id, byteCount: body.readableBytes))
        bodies[stream.id] = body
        onRequest(stream)
    }

    func bodyRefused(_ stream: HTTP2ServerStream, reason: HTTP2BodyRefusal) {
        events.append(.refused(stream.id, reason))
        onRefusal(stream)
    }

    func streamCancelled(_ stream: HTTP2ServerStream) { events.append(.cancelled(stream.id)) }

    static func answer(_ stream: HTTP2ServerStream) { answer(stream, ByteBuffer(string: "answer")) }

    static func answer(_ stream: HTTP2ServerStream, _ body: ByteBuffer) {
        stream.sendHeaders(status: 200, [HTTP2HeaderField("content-type", "application/grpc")])
        stream.sendData(body)
        stream.sendTrailers([HTTP2HeaderField("grpc-status", "0")])
    }
}
