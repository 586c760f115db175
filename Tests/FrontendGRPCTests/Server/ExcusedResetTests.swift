import HTTP2Server
import Inference
import NIOCore
import NIOEmbedded
import ServingMetrics
import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing

@testable import FrontendGRPC

/// A client whose deadline passes resets its stream; a flood resets at once.
@Suite struct ExcusedResetTests {
    private final class Clock: Sendable {
        let time = Mutex(MonotonicTime(nanoseconds: 1_000_000_000))
        func advance(milliseconds: UInt64) {
            time.withLock { $0 = $0.advanced(byNanoseconds: milliseconds * 1_000_000) }
        }
    }

    @Test(
        arguments: [
            ("25m", 0, false), ("25m", 20, false), ("25m", 23, true), ("25m", 30, true), ("1S", 900, true),
            ("1S", 500, false), ("4m", 4, false), (nil, 5000, false),
        ] as [(String?, UInt64, Bool)]
    )
    func `resets near the deadline are excused`(timeout: String?, milliseconds: UInt64, isExcused: Bool) throws {
        let clock = Clock()
        let serving = TestServing([:], threadCount: 0)
        let channel = EmbeddedChannel()
        let loop = GRPCEventLoop(channel.eventLoop, telemetry: serving.inference.telemetry) {
            clock.time.withLock { $0 }
        }
        let connection = GRPCConnection(loop: loop, services: serving.services())
        let recorder = Recorder(connection)
        try channel.pipeline.syncOperations.addHandler(HTTP2ConnectionHandler(requestHandler: recorder))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        var bytes = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        bytes.writeImmutableBuffer(frame(FrameHeader(length: 0, type: FrameType.settings), []))
        var fields = [
            HTTP2HeaderField(":method", "POST"), HTTP2HeaderField(":scheme", "http"),
            HTTP2HeaderField(":path", GRPCMethod.predict.rawValue), HTTP2HeaderField(":authority", "test"),
            HTTP2HeaderField("content-type", "application/grpc"),
        ]
        if let timeout { fields.append(HTTP2HeaderField("grpc-timeout", timeout)) }
        let block = encodeHeaderBlock(fields)
        bytes.writeImmutableBuffer(
            frame(FrameHeader(length: block.count, type: FrameType.headers, flags: 0x4, streamID: 1), block)
        )
        try channel.writeInbound(bytes)
        clock.advance(milliseconds: milliseconds)
        let reset = frame(FrameHeader(length: 4, type: FrameType.rstStream, streamID: 1), [0, 0, 0, 8])
        try channel.writeInbound(reset)
        #expect(recorder.excused == [isExcused])
        _ = try? channel.finish()
    }
}

/// Passes everything on and notes what is excused.
private final class Recorder: HTTP2RequestHandler {
    private let connection: GRPCConnection
    var excused: [Bool] = []

    init(_ connection: GRPCConnection) { self.connection = connection }

    func streamOpened(_ stream: HTTP2ServerStream, head: HTTP2RequestHead) -> HTTP2BodyPlan {
        connection.streamOpened(stream, head: head)
    }

    func bodyLayout(_ stream: HTTP2ServerStream, prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout? {
        connection.bodyLayout(stream, prefix: prefix)
    }

    func requestReceived(_ stream: HTTP2ServerStream, body: ByteBuffer) {
        connection.requestReceived(stream, body: body)
    }

    func bodyRefused(_ stream: HTTP2ServerStream, reason: HTTP2BodyRefusal) {
        connection.bodyRefused(stream, reason: reason)
    }

    func streamCancelled(_ stream: HTTP2ServerStream) { connection.streamCancelled(stream) }

    func excusesReset(of stream: HTTP2ServerStream) -> Bool {
        let isExcused = connection.excusesReset(of: stream)
        excused.append(isExcused)
        return isExcused
    }
}
