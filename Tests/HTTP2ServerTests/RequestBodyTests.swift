import NIOCore
import NIOEmbedded
import Testing

@testable import HTTP2Server

struct RequestBodyTests {
    private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

    private func address(_ buffer: ByteBuffer, _ offset: Int) -> Int {
        buffer.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress! + offset) }
    }

    @Test func `a body in one frame is a slice of what was read`() throws {
        let server = try TestServer()
        var wire = ByteBuffer(bytes: Frame.headers(1, endStream: false).bytes)
        let offset = wire.readableBytes + 9
        wire.writeBytes(Frame.data(1, pattern(500)).bytes)
        let start = address(wire, offset)
        try server.channel.writeInbound(wire)
        let body = try #require(server.application.bodies[1])
        #expect(address(body, 0) == start)
        #expect(Array(body.readableBytesView) == pattern(500))
    }

    @Test func `an empty frame with END_STREAM does not cost the slice`() throws {
        let server = try TestServer()
        var wire = ByteBuffer(bytes: Frame.headers(1, endStream: false).bytes)
        let offset = wire.readableBytes + 9
        wire.writeBytes(Frame.data(1, pattern(500), endStream: false).bytes + Frame.data(1, []).bytes)
        let start = address(wire, offset)
        try server.channel.writeInbound(wire)
        #expect(address(try #require(server.application.bodies[1]), 0) == start)
    }

    @Test(arguments: [0, 5, 63, 64, 100, 1000])
    func `a longer body lies with its aligned part on a boundary`(_ alignedOffset: Int) throws {
        let server = try TestServer()
        let body = pattern(200_000)
        server.application.layout = HTTP2BodyLayout(expectedByteCount: body.count, alignedOffset: alignedOffset)
        server.send(.headers(1, endStream: false))
        for start in stride(from: 0, to: body.count, by: 10_000) {
            let frame = Frame.data(1, Array(body[start..<start + 10_000]), endStream: start + 10_000 == body.count)
            for part in stride(from: 0, to: frame.bytes.count, by: 7_000) {
                server.send(bytes: Array(frame.bytes[part..<min(part + 7_000, frame.bytes.count)]))
            }
        }
        let received = try #require(server.application.bodies[1])
        #expect(Array(received.readableBytesView) == body)
        #expect(address(received, alignedOffset) % 64 == 0)
        let questions = server.application.events.filter { if case .layout = $0 { true } else { false } }
        #expect(questions.count == 1)
    }

    @Test func `the application sees enough of a body to say its layout`() throws {
        let server = try TestServer()
        server.send(.headers(1, endStream: false))
        for _ in 0..<300 { server.send(.data(1, pattern(10), endStream: false)) }
        let first = RequestBody.layoutPrefixByteCount
        #expect(server.application.events.contains(.layout(1, prefixByteCount: first)))
    }

    @Test(arguments: [1, 100, 65_537, 1_000_000, 10_000_000])
    func `a body that is longer or shorter than it said arrives whole`(_ expected: Int) throws {
        let server = try TestServer()
        let body = pattern(300_000)
        server.application.layout = HTTP2BodyLayout(expectedByteCount: expected, alignedOffset: 3)
        server.send(.headers(1, endStream: false))
        for start in stride(from: 0, to: body.count, by: 15_000) {
            server.send(.data(1, Array(body[start..<start + 15_000]), endStream: start + 15_000 == body.count))
        }
        let received = try #require(server.application.bodies[1])
        #expect(Array(received.readableBytesView) == body)
        #expect(address(received, 3) % 64 == 0)
    }

    @Test func `memory is claimed as bytes come, not as they are announced`() {
        var body = RequestBody()
        let chunk = pattern(2000)
        chunk.withUnsafeBytes {
            body.append($0) { _ in HTTP2BodyLayout(expectedByteCount: 2 << 30, alignedOffset: 0) }
        }
        #expect(body.take().capacity <= 128 << 20)
    }

    @Test func `growing copies an amortised number of times`() {
        var body = RequestBody()
        var moves = 0
        var last = 0
        let chunk = pattern(10_000)
        for _ in 0..<2000 {
            chunk.withUnsafeBytes { body.append($0) { _ in nil } }
            var copy = body
            let start = address(copy.take(), 0)
            if start != last { moves += 1 }
            last = start
        }
        #expect(moves < 20)
    }

    @Test func `a body above the plan is refused and the rest thrown away`() throws {
        let server = try TestServer()
        server.application.maximumBody = 1000
        server.send(.headers(1, endStream: false), .data(1, pattern(600), endStream: false))
        #expect(server.received().isEmpty)
        server.send(.data(1, pattern(600), endStream: false))
        #expect(server.application.events == [.opened(1), .refused(1, .tooLarge(limit: 1000))])
        let frames = server.received()
        #expect(frames.map(\.type) == [FrameType.headers, FrameType.rstStream])
        #expect(frames.last?.errorCode == HTTP2ErrorCode.noError)
        server.send(.data(1, pattern(600)), .ping())
        #expect(server.received().map(\.type) == [FrameType.ping])
    }

    @Test func `what is announced above the plan is refused at once`() throws {
        let server = try TestServer()
        server.application.maximumBody = 100_000
        server.application.layout = HTTP2BodyLayout(expectedByteCount: 100_001, alignedOffset: 0)
        server.send(.headers(1, requestBlock("/", [("content-length", "100001")]), endStream: false))
        server.send(.headers(3, endStream: false), .data(3, pattern(2000), endStream: false))
        server.send(.data(3, pattern(1000), endStream: false))
        let refusals = server.application.events.filter { if case .refused = $0 { true } else { false } }
        #expect(refusals == [.refused(1, .tooLarge(limit: 100_000)), .refused(3, .tooLarge(limit: 100_000))])
    }

    @Test func `a stream that is not answered after a refusal is reset`() throws {
        let server = try TestServer()
        server.application.maximumBody = 10
        server.application.onRefusal = { _ in }
        server.send(.headers(1, endStream: false), .data(1, pattern(11)))
        #expect(server.received() == [.reset(1, .enhanceYourCalm)])
        #expect(server.application.events.last == .cancelled(1))
    }

    @Test func `unfinished bodies share a budget, finished ones give it back`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.maximumBufferedBodyByteCount = 5000
        let server = try TestServer(configuration)
        for id in [UInt32(1), 3] {
            server.send(.headers(id, endStream: false), .data(id, pattern(2000), endStream: false))
        }
        server.send(.data(1, []))
        server.send(.headers(5, endStream: false), .data(5, pattern(2000), endStream: false))
        server.send(.reset(3))
        server.send(.headers(7, endStream: false), .data(7, pattern(2000), endStream: false))
        #expect(!server.application.events.contains { if case .refused = $0 { true } else { false } })
        server.send(.headers(9, endStream: false), .data(9, pattern(2000), endStream: false))
        #expect(server.application.events.last == .refused(9, .overBudget))
        server.send(.headers(11, endStream: false), .data(11, pattern(500), endStream: false))
        #expect(server.application.events.last == .opened(11))
    }

    @Test func `an early answer ends the request, and its body is thrown away`() throws {
        let server = try TestServer()
        server.application.onOpen = { RecordingApplication.answer($0) }
        server.send(.headers(1, endStream: false))
        let frames = server.received()
        #expect(frames.map(\.type) == [1, 0, 1, 3])
        #expect(frames.last?.errorCode == HTTP2ErrorCode.noError)
        server.send(.data(1, pattern(100), endStream: false), .data(1, []))
        #expect(server.received().isEmpty)
        #expect(server.application.events == [.opened(1)])
    }

    @Test func `an answer given while a layout is asked for is well taken`() throws {
        final class Application: HTTP2RequestHandler {
            func streamOpened(_ stream: HTTP2ServerStream, head: HTTP2RequestHead) -> HTTP2BodyPlan {
                HTTP2BodyPlan(maximumByteCount: 1 << 20)
            }
            func bodyLayout(_ stream: HTTP2ServerStream, prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout? {
                RecordingApplication.answer(stream)
                return HTTP2BodyLayout(expectedByteCount: 1 << 30, alignedOffset: 0)
            }
            func requestReceived(_ stream: HTTP2ServerStream, body: ByteBuffer) { Issue.record("was answered") }
            func bodyRefused(_ stream: HTTP2ServerStream, reason: HTTP2BodyRefusal) { Issue.record("was answered") }
            func streamCancelled(_ stream: HTTP2ServerStream) { Issue.record("was answered") }
        }
        let connection = HTTP2Connection(configuration: HTTP2ServerConfiguration(), handler: Application())
        let frames: [Frame] = [
            .settings(), .headers(1, endStream: false), .data(1, pattern(600), endStream: false),
            .data(1, pattern(600), endStream: false), .data(1, pattern(600)),
        ]
        for frame in [TestServer.preface] + frames.map(\.bytes) { connection.receive(ByteBuffer(bytes: frame)) }
        #expect(connection.bufferedBodyByteCount == 0)
        #expect(connection.streams.count == 0)
        connection.transportClosed()
    }
}
