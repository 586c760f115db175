import Testing

@testable import HTTP2Server

/// What ends the whole connection, and with which code of RFC 9113, section 7.
struct ConnectionErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var frames: [Frame]
        var code: HTTP2ErrorCode

        init(_ what: String, _ code: HTTP2ErrorCode, _ frames: Frame...) {
            self.what = what
            self.code = code
            self.frames = frames
        }

        var testDescription: String { what }
    }

    private static let zero4: [UInt8] = [0, 0, 0, 0]

    static let cases = [
        Case("DATA on stream 0", .protocolError, .data(0, [1])),
        Case("DATA on an idle stream", .protocolError, .data(1, [1])),
        Case("DATA on a server's stream", .protocolError, .data(2, [1])),
        Case(
            "DATA with more padding than payload",
            .protocolError,
            .headers(1, endStream: false),
            Frame(type: 0, flags: 8, stream: 1, payload: [3, 1, 2])
        ),
        Case(
            "padded DATA without a pad length",
            .frameSizeError,
            .headers(1, endStream: false),
            Frame(type: 0, flags: 8, stream: 1)
        ),
        Case("HEADERS on stream 0", .protocolError, .headers(0)),
        Case("HEADERS on a server's stream", .protocolError, .headers(2)),
        Case("HEADERS on an id that was skipped", .protocolError, .headers(5), .headers(3)),
        Case("HEADERS on a closed stream", .streamClosed, .headers(1), .headers(1)),
        Case("padded HEADERS without a pad length", .frameSizeError, Frame(type: 1, flags: 0xd, stream: 1)),
        Case(
            "HEADERS with more padding than payload",
            .protocolError,
            Frame(type: 1, flags: 0xd, stream: 1, payload: [3, 0x82, 0x86])
        ),
        Case(
            "HEADERS too short for priority",
            .frameSizeError,
            Frame(type: 1, flags: 0x25, stream: 1, payload: [0, 0, 0, 0])
        ),
        Case("a header block that cannot be decoded", .compressionError, .headers(1, [0x80])),
        Case(
            "trailers that cannot be decoded",
            .compressionError,
            .headers(1, endStream: false),
            .headers(1, [0xbe])
        ),
        Case("CONTINUATION without HEADERS", .protocolError, .continuation(1, [])),
        Case(
            "CONTINUATION of another stream",
            .protocolError,
            .headers(1, [], endHeaders: false),
            .continuation(3, [])
        ),
        Case("PING inside a header block", .protocolError, .headers(1, [], endHeaders: false), .ping()),
        Case(
            "DATA inside a header block",
            .protocolError,
            .headers(1, endStream: false),
            .headers(1, [], endHeaders: false),
            .data(1, [1])
        ),
        Case(
            "an unknown frame inside a header block",
            .protocolError,
            .headers(1, [], endHeaders: false),
            Frame(type: 0x20)
        ),
        Case("HEADERS inside a header block", .protocolError, .headers(1, [], endHeaders: false), .headers(1)),
        Case("PRIORITY on stream 0", .protocolError, .priority(0, dependsOn: 1)),
        Case("PRIORITY of four bytes", .frameSizeError, Frame(type: 2, stream: 1, payload: zero4)),
        Case("RST_STREAM on stream 0", .protocolError, .reset(0)),
        Case("RST_STREAM on an idle stream", .protocolError, .reset(1)),
        Case("RST_STREAM of three bytes", .frameSizeError, .headers(1), Frame(type: 3, stream: 1, payload: [0, 0, 0])),
        Case("SETTINGS on a stream", .protocolError, Frame(type: 4, stream: 1)),
        Case("SETTINGS of five bytes", .frameSizeError, Frame(type: 4, payload: zero4 + [0])),
        Case("an acknowledgement with a payload", .frameSizeError, Frame(type: 4, flags: 1, payload: zero4 + [0, 0])),
        Case("SETTINGS_ENABLE_PUSH of 2", .protocolError, .settings([(2, 2)])),
        Case("SETTINGS_INITIAL_WINDOW_SIZE of 2^31", .flowControlError, .settings([(4, 1 << 31)])),
        Case("SETTINGS_MAX_FRAME_SIZE of 16383", .protocolError, .settings([(5, 16_383)])),
        Case("SETTINGS_MAX_FRAME_SIZE of 2^24", .protocolError, .settings([(5, 1 << 24)])),
        Case("PUSH_PROMISE", .protocolError, Frame(type: 5, flags: 4, stream: 1, payload: zero4)),
        Case("PING on a stream", .protocolError, Frame(type: 6, stream: 1, payload: zero4 + zero4)),
        Case("PING of seven bytes", .frameSizeError, .ping([1, 2, 3, 4, 5, 6, 7])),
        Case("GOAWAY on a stream", .protocolError, Frame(type: 7, stream: 1, payload: zero4 + zero4)),
        Case("GOAWAY of seven bytes", .frameSizeError, Frame(type: 7, payload: zero4 + [0, 0, 0])),
        Case("WINDOW_UPDATE by 0 on the connection", .protocolError, .windowUpdate(0, 0)),
        Case("WINDOW_UPDATE on an idle stream", .protocolError, .windowUpdate(1, 1)),
        Case("WINDOW_UPDATE of three bytes", .frameSizeError, Frame(type: 8, payload: [0, 0, 1])),
        Case("a connection window beyond 2^31 - 1", .flowControlError, .windowUpdate(0, 0x7fff_ffff)),
        Case(
            "a stream window that SETTINGS pushes beyond 2^31 - 1",
            .flowControlError,
            .headers(1, endStream: false),
            .windowUpdate(1, 0x7fff_ffff - 65_535),
            .settings([(4, 65_536)])
        ),
    ]

    @Test(arguments: cases) func `a breach of the protocol ends the connection with its code`(_ error: Case) throws {
        let server = try TestServer()
        server.send(error.frames)
        let goAway = try #require(server.received().last)
        #expect(goAway.type == FrameType.goAway)
        #expect(goAway.errorCode == error.code)
        #expect(server.isClosed)
        #expect(server.handler.failureReason != nil)
        let opened = server.application.events.count { if case .opened = $0 { true } else { false } }
        #expect(opened == server.application.streams.values.count { !$0.isOpen }, "no stream outlives the connection")
    }

    @Test(arguments: [Frame.headers(1), .ping(), .settingsAck, .data(1, [1]), Frame(type: 0x30)])
    func `the first frame has to be SETTINGS`(_ frame: Frame) throws {
        let server = try TestServer(handshake: false)
        server.send(bytes: TestServer.preface + frame.bytes)
        #expect(server.received().last?.errorCode == .protocolError)
        #expect(server.isClosed)
    }

    @Test(arguments: [UInt8(0), 1, 4, 0x20]) func `no frame may be larger than announced`(_ type: UInt8) throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.maximumFrameByteCount = 20_000
        let server = try TestServer(configuration)
        server.send(.headers(1, endStream: false))
        // The header alone is enough.
        server.send(
            bytes: Array(Frame(type: type, stream: 1, payload: [UInt8](repeating: 0, count: 20_001)).bytes[..<9])
        )
        #expect(server.received().last?.errorCode == .frameSizeError)
        #expect(server.isClosed)
    }

    @Test func `what comes after the end is not looked at`() throws {
        let server = try TestServer()
        server.send(.ping([]), .headers(1))
        #expect(server.received().map(\.type) == [FrameType.goAway])
        #expect(server.application.events.isEmpty)
    }

    @Test func `GOAWAY names the last stream that was looked at`() throws {
        let server = try TestServer()
        server.application.onRequest = { _ in }
        server.send(.headers(1), .headers(7), .ping([]))
        #expect(server.received().last?.number(at: 0) == 7)
        #expect(server.application.events.suffix(2).allSatisfy { [.cancelled(1), .cancelled(7)].contains($0) })
    }
}
