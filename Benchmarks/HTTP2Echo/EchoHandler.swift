import HTTP2Server
import NIOCore

/// Answers by path:
/// - `/echo` sends the request's body back, as gRPC responses look (with `grpc-status: 0` in trailers);
/// - `/echo-headers` sends the request's fields back, prefixed with `x-`, and nothing else;
/// - `/early` answers when the headers have come, without waiting for the body;
/// - `/bytes/N` answers with N bytes;
/// - `/hold` never answers by itself;
/// - `/later/N` answers after N milliseconds, outside of a read cycle;
/// - `/reset/N` resets the stream with error code N;
/// - everything else gets a canned answer of 110 bytes.
final class EchoHandler: HTTP2RequestHandler {
    private let eventLoop: any EventLoop
    private let plan: HTTP2BodyPlan
    private let headers = [HTTP2HeaderField("content-type", "application/grpc")]
    private let trailers = [HTTP2HeaderField("grpc-status", "0")]

    init(eventLoop: any EventLoop, maximumBodyByteCount: Int) {
        self.eventLoop = eventLoop
        plan = HTTP2BodyPlan(maximumByteCount: maximumBodyByteCount)
    }

    /// What a stream is to answer, for paths that are not answered in the same way each time.
    private final class Answer {
        enum Kind {
            case echo
            case bytes(Int)
            case hold
            case later(Int64)
        }

        let kind: Kind
        init(_ kind: Kind) { self.kind = kind }
    }

    func streamOpened(_ stream: HTTP2ServerStream, head: HTTP2RequestHead) -> HTTP2BodyPlan {
        if head.path.utf8.count > 24 { return plan }
        let parts = head.path.prefix { $0 != "?" }.split(separator: "/")
        let number = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        switch parts.first {
        case "echo": stream.context = Answer(.echo)
        case "echo-headers": echo(head, to: stream)
        case "early": sendCanned(stream)
        case "bytes": stream.context = Answer(.bytes(number))
        case "hold": stream.context = Answer(.hold)
        case "later": stream.context = Answer(.later(Int64(number)))
        case "reset": stream.reset(code: UInt32(clamping: number))
        default: break
        }
        return plan
    }

    func bodyLayout(_ stream: HTTP2ServerStream, prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout? {
        guard prefix.count >= 5, prefix[0] == 0 else { return nil }
        let length = Int(UInt32(bigEndian: prefix.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
        return HTTP2BodyLayout(expectedByteCount: 5 + length, alignedOffset: 5)
    }

    func requestReceived(_ stream: HTTP2ServerStream, body: ByteBuffer) {
        guard let answer = stream.context as? Answer else { return sendCanned(stream) }
        switch answer.kind {
        case .echo: send(body, to: stream)
        case .bytes(let count): send(ByteBuffer(repeating: 0x61, count: count), to: stream)
        case .hold: break
        case .later(let milliseconds):
            eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
                self.sendCanned(stream)
                stream.flush()
            }
        }
    }

    func bodyRefused(_ stream: HTTP2ServerStream, reason: HTTP2BodyRefusal) {
        stream.sendHeaders(status: 413, [], endStream: true)
    }

    func streamCancelled(_ stream: HTTP2ServerStream) {}

    private func sendCanned(_ stream: HTTP2ServerStream) {
        stream.sendHeaders(status: 200, headers)
        stream.sendData(byteCount: 110) { target in
            target.initializeMemory(as: UInt8.self, repeating: 0x61)
            // The length prefix of a gRPC message of 105 bytes.
            target.storeBytes(of: 0, as: UInt8.self)
            target.storeBytes(of: UInt32(105).bigEndian, toByteOffset: 1, as: UInt32.self)
        }
        stream.sendTrailers(trailers)
    }

    private func send(_ body: ByteBuffer, to stream: HTTP2ServerStream) {
        stream.sendHeaders(status: 200, headers)
        stream.sendData(body)
        stream.sendTrailers(trailers)
    }

    private func echo(_ head: HTTP2RequestHead, to stream: HTTP2ServerStream) {
        let pseudo = [
            HTTP2HeaderField("x-method", head.method), HTTP2HeaderField("x-path", head.path),
            HTTP2HeaderField("x-scheme", head.scheme), HTTP2HeaderField("x-authority", head.authority),
        ]
        let fields = head.fields.map { HTTP2HeaderField("x-" + $0.name, $0.value) }
        stream.sendHeaders(status: 200, pseudo + fields, endStream: true)
    }
}
