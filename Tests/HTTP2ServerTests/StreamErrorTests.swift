import Testing

@testable import HTTP2Server

/// What ends one stream and leaves the connection, or is ignored.
struct StreamErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var code: HTTP2ErrorCode?
        var frames: [Frame]

        init(_ what: String, _ code: HTTP2ErrorCode?, _ frames: Frame...) {
            self.what = what
            self.code = code
            self.frames = frames
        }

        var testDescription: String { what }
    }

    /// Stream 1 is open in all of them, its request complete where the name says so.
    static let open = [
        Case("DATA after END_STREAM", .streamClosed, .data(1, []), .data(1, [1])),
        Case("HEADERS after END_STREAM", .streamClosed, .data(1, []), .headers(1, block([("a", "b")]))),
        Case("WINDOW_UPDATE by 0", .protocolError, .windowUpdate(1, 0)),
        Case("a window beyond 2^31 - 1", .flowControlError, .windowUpdate(1, 0x7fff_ffff)),
        Case("PRIORITY of four bytes", .frameSizeError, Frame(type: 2, stream: 1, payload: [0, 0, 0, 0])),
        Case("a stream that depends on itself", .protocolError, .priority(1, dependsOn: 1)),
        Case("a reserved bit in a stream id", nil, Frame(type: 8, stream: 0x8000_0001, payload: [0, 0, 0, 1])),
        Case("PRIORITY", nil, .priority(1, dependsOn: 3)),
        Case("PRIORITY on an idle stream", nil, .priority(101, dependsOn: 1)),
        Case("an unknown frame type", nil, Frame(type: 0x77, flags: 0xff, stream: 1, payload: [1, 2, 3])),
        Case("an unknown frame type without payload", nil, Frame(type: 0x0a, stream: 0)),
        Case("an unknown setting", nil, .settings([(0x99, 5), (3, 0), (6, 1)])),
        Case("padded DATA", nil, .padded(.data(1, [1, 2], endStream: false), 7)),
        Case("DATA of padding only", nil, .padded(.data(1, [], endStream: false), 7)),
        Case("flags without meaning", nil, Frame(type: 6, flags: 0xfe, payload: [0, 0, 0, 0, 0, 0, 0, 0])),
    ]

    @Test(arguments: open) func `a fault costs its stream, advice costs nothing`(_ error: Case) throws {
        let server = try TestServer()
        server.application.onRequest = { _ in }
        server.send(.headers(1, endStream: false))
        server.send(error.frames)
        let frames = server.received()
        #expect(frames.first { $0.type == FrameType.rstStream }?.errorCode == error.code)
        #expect(server.application.events.contains(.cancelled(1)) == (error.code != nil))
        #expect(server.application.streams[1]?.isOpen == (error.code == nil))
        server.send(.ping())
        #expect(server.received().map(\.type) == [FrameType.ping], "the connection lives on")
    }

    @Test func `a reset stream is cancelled, and late frames on it are no fault`() throws {
        let server = try TestServer()
        server.application.onRequest = { _ in }
        server.send(.headers(1), .reset(1))
        #expect(server.application.events.suffix(1) == [.cancelled(1)])
        server.send(.windowUpdate(1, 5), .reset(1), .priority(1, dependsOn: 0), .ping())
        #expect(server.received().map(\.type) == [FrameType.ping])
        server.send(.data(1, [1]))
        #expect(server.received().map(\.errorCode) == [.streamClosed])
    }

    @Test func `frames under way to a stream that we reset are ignored`() throws {
        let server = try TestServer()
        server.application.onOpen = { $0.reset(code: HTTP2ErrorCode.cancel.rawValue) }
        server.send(.headers(1, endStream: false))
        #expect(server.received().map(\.errorCode) == [.cancel])
        server.send(.data(1, [1, 2], endStream: false), .headers(1, block([("a", "b")])), .ping())
        #expect(server.received().map(\.type) == [FrameType.ping])
        #expect(server.application.events == [.opened(1)], "the application ended it by itself")
    }

    @Test func `DATA on a stream that is done is refused`() throws {
        let server = try TestServer()
        server.send(.headers(1))
        _ = server.received()
        server.send(.data(1, [1]), .ping())
        let frames = server.received()
        #expect(frames.map(\.type) == [FrameType.rstStream, FrameType.ping])
        #expect(frames[0].errorCode == .streamClosed)
    }

    @Test func `more streams than announced are refused, and may be tried again`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.maximumConcurrentStreams = 2
        let server = try TestServer(configuration)
        server.application.onRequest = { _ in }
        server.send(.headers(1), .headers(3), .headers(5))
        #expect(server.received() == [.reset(5, .refusedStream)])
        RecordingApplication.answer(server.application.streams[1]!)
        server.send(.headers(7))
        #expect(server.received().contains { $0.type == FrameType.rstStream } == false)
        #expect(server.application.streams[7] != nil)
    }

    @Test func `a refused request leaves the header table right`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.maximumConcurrentStreams = 1
        let server = try TestServer(configuration)
        server.application.onRequest = { _ in }
        server.send(.headers(1), .headers(3, requestBlock() + indexedBlock([("x-a", "b")])), .reset(1))
        server.send(.headers(5, requestBlock() + [0xbe]))
        #expect(server.application.heads[5]?.fields == [HTTP2HeaderField("x-a", "b")])
    }

    @Test func `an object of a closed stream never becomes another request's`() throws {
        let server = try TestServer()
        let application = server.application
        application.onRequest = { _ in }
        server.send(.headers(1))
        let held = application.streams[1]!
        server.send(.reset(1), .headers(3))
        #expect(application.streams[3] !== held)
        RecordingApplication.answer(held)
        held.flush()
        #expect(server.received().isEmpty, "an answer that comes too late goes nowhere")
        // Streams that nobody holds are used again.
        application.onRequest = { RecordingApplication.answer($0) }
        application.streams = [:]
        server.send(.headers(5))
        let identity = ObjectIdentifier(application.streams[5]!)
        application.streams = [:]
        server.send(.headers(7))
        #expect(ObjectIdentifier(application.streams[7]!) == identity)
        #expect(application.streams[7]!.context == nil)
    }
}
