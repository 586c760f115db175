import HTTP2Server
import NIOCore

/// Answers requests in ways that depend on the path's length, and keeps account of what it is told.
final class ExerciseHandler: HTTP2RequestHandler {
    private final class Record {
        var received = false
        var ended = false
        var cancelled = false
    }

    private var open: [ObjectIdentifier: (stream: HTTP2ServerStream, record: Record)] = [:]
    private var late: [HTTP2ServerStream] = []

    func streamOpened(_ stream: HTTP2ServerStream, head: HTTP2RequestHead) -> HTTP2BodyPlan {
        precondition(stream.isOpen && !head.method.isEmpty)
        let record = Record()
        stream.context = record
        open[ObjectIdentifier(record)] = (stream, record)
        switch head.path.utf8.count % 5 {
        case 1: answer(stream, byteCount: 10)
        case 2: end(stream) { $0.reset(code: 8) }
        default: break
        }
        return HTTP2BodyPlan(maximumByteCount: head.path.utf8.count % 2 == 0 ? 50_000 : 500)
    }

    func bodyLayout(_ stream: HTTP2ServerStream, prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout? {
        precondition(!prefix.isEmpty)
        switch prefix[0] & 3 {
        case 0: return nil
        case 1: answer(stream, byteCount: 1)
        case 2: end(stream) { $0.reset(code: 2) }
        default: break
        }
        return HTTP2BodyLayout(expectedByteCount: Int(prefix[0]) * 500, alignedOffset: Int(prefix[0]))
    }

    func requestReceived(_ stream: HTTP2ServerStream, body: ByteBuffer) {
        guard let record = stream.context as? Record, !record.received else {
            preconditionFailure("a request is received twice")
        }
        record.received = true
        switch body.readableBytes % 4 {
        case 0: answer(stream, byteCount: 100)
        case 1: answer(stream, byteCount: 70_000)
        case 2: late.append(stream)
        default: break
        }
    }

    func bodyRefused(_ stream: HTTP2ServerStream, reason: HTTP2BodyRefusal) {
        if case .overBudget = reason { return }
        end(stream) { $0.sendHeaders(status: 413, [], endStream: true) }
    }

    /// Also for a stream that was answered when part of the answer has not gone out.
    func streamCancelled(_ stream: HTTP2ServerStream) {
        precondition(!stream.isOpen)
        guard let record = stream.context as? Record else { preconditionFailure("the context is gone too early") }
        precondition(!record.cancelled, "a stream is cancelled twice")
        record.cancelled = true
        open[ObjectIdentifier(record)] = nil
    }

    /// Answers what was put off, by then perhaps cancelled.
    func answerLate() {
        let streams = late
        late = []
        for stream in streams { answer(stream, byteCount: 30_000) }
    }

    /// After the connection's end: what it let go of must not be kept by the rest of this either.
    func checkThatAllEnded() {
        late = []
        precondition(open.values.allSatisfy { !$0.stream.isOpen }, "a stream outlives its connection")
    }

    private func answer(_ stream: HTTP2ServerStream, byteCount: Int) {
        guard stream.isOpen else { return }
        stream.sendHeaders(status: 200, [HTTP2HeaderField("content-type", "application/grpc")])
        stream.sendData(byteCount: byteCount) { $0.initializeMemory(as: UInt8.self, repeating: 7) }
        stream.sendData(ByteBuffer(repeating: 1, count: byteCount))
        end(stream) { $0.sendTrailers([HTTP2HeaderField("grpc-status", "\(byteCount % 3)")]) }
    }

    private func end(_ stream: HTTP2ServerStream, _ finish: (HTTP2ServerStream) -> Void) {
        if let record = stream.context as? Record {
            precondition(!record.ended, "a stream ends twice")
            record.ended = true
            open[ObjectIdentifier(record)] = nil
        }
        finish(stream)
    }
}
