import NIOCore
import NIOEmbedded
import Testing

@testable import HTTP2Server

/// Shutdown and time.
struct LifetimeTests {
    private func goAways(_ frames: [Frame]) -> [UInt32] {
        frames.filter { $0.type == FrameType.goAway }.map { $0.number(at: 0) }
    }

    private func drainPing(_ frames: [Frame]) -> Frame? {
        frames.first { $0.type == FrameType.ping }.map { .ping($0.payload, ack: true) }
    }

    // MARK: graceful shutdown

    @Test func `a shutdown lets requests under way arrive and finish`() throws {
        let server = try TestServer()
        server.application.onRequest = { _ in }
        server.send(.headers(1))
        server.handler.beginGracefulShutdown()
        let first = server.received()
        #expect(goAways(first) == [0x7fff_ffff])
        // A request that was sent before the client knew.
        server.send(.headers(3))
        server.send(try #require(drainPing(first)))
        #expect(goAways(server.received()) == [3])
        // And one that the final GOAWAY excludes: it may be tried elsewhere.
        server.send(.headers(5), .data(5, [1]))
        #expect(server.received().isEmpty)
        for id in [UInt32(1), 3] {
            #expect(!server.isClosed)
            let stream = server.application.streams[id]!
            RecordingApplication.answer(stream)
            stream.flush()
        }
        let responses = server.responses(server.received())
        #expect(responses[1]?.isComplete == true)
        #expect(responses[3]?.isComplete == true)
        #expect(server.isClosed)
        #expect(server.handler.failureReason == nil)
    }

    @Test func `a shutdown without requests closes when its PING is back`() throws {
        let server = try TestServer()
        server.handler.beginGracefulShutdown()
        server.handler.beginGracefulShutdown()
        let frames = server.received()
        #expect(goAways(frames) == [0x7fff_ffff])
        #expect(!server.isClosed)
        server.send(.ping(ack: true))
        #expect(!server.isClosed, "another PING's answer does not count")
        server.send(try #require(drainPing(frames)))
        #expect(goAways(server.received()) == [0])
        #expect(server.isClosed)
    }

    @Test func `a peer that does not answer the PING does not stop a shutdown`() throws {
        let server = try TestServer()
        server.handler.beginGracefulShutdown()
        server.advance(seconds: 3)
        #expect(goAways(server.received()) == [0x7fff_ffff, 0])
        #expect(server.isClosed)
    }

    @Test func `a shutdown before the preface closes`() throws {
        let server = try TestServer(handshake: false)
        server.handler.beginGracefulShutdown()
        #expect(server.isClosed)
    }

    @Test func `output that waits is sent before the close`() throws {
        let server = try TestServer(settings: [(4, 10)])
        server.application.onRequest = { RecordingApplication.answer($0, ByteBuffer(repeating: 1, count: 50)) }
        server.send(.headers(1))
        server.handler.beginGracefulShutdown()
        server.send(try #require(drainPing(server.received())))
        #expect(!server.isClosed)
        server.send(.windowUpdate(1, 40))
        let frames = server.received()
        #expect(frames.last?.isEndStream == true)
        #expect(server.isClosed)
    }

    @Test func `a client's GOAWAY lets its requests finish, then closes`() throws {
        let server = try TestServer()
        server.application.onRequest = { _ in }
        server.send(.headers(1), .goAway())
        #expect(!server.isClosed)
        let stream = server.application.streams[1]!
        RecordingApplication.answer(stream)
        stream.flush()
        #expect(server.responses(server.received())[1]?.isComplete == true)
        #expect(server.isClosed)
    }

    @Test func `a channel that closes cancels its requests`() throws {
        let server = try TestServer()
        server.application.onRequest = { _ in }
        server.send(.headers(1), .headers(3, endStream: false), .data(3, [1], endStream: false))
        _ = try server.channel.finish(acceptAlreadyClosed: true)
        let cancelled = server.application.events.filter { if case .cancelled = $0 { true } else { false } }
        #expect(cancelled.count == 2)
        RecordingApplication.answer(server.application.streams[1]!)
        server.application.streams[1]!.flush()
    }

    @Test func `nothing is left behind when the channel closes`() throws {
        weak var stream: HTTP2ServerStream?
        weak var application: RecordingApplication?
        do {
            let server = try TestServer()
            server.application.onRequest = { _ in }
            let frame = Frame.data(1, [UInt8](repeating: 1, count: 100), endStream: false)
            server.send(bytes: Frame.headers(1, endStream: false).bytes + frame.bytes.dropLast(10))
            stream = server.application.streams[1]
            application = server.application
            #expect(stream != nil)
            server.application.streams = [:]
            _ = try server.channel.finish(acceptAlreadyClosed: true)
        }
        #expect(stream == nil)
        #expect(application == nil)
    }

    // MARK: time

    @Test func `a client that does not speak is let go`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.handshakeTimeout = .seconds(5)
        let server = try TestServer(configuration, handshake: false)
        server.send(bytes: Array(TestServer.preface.prefix(10)))
        server.advance(seconds: 5)
        #expect(!server.isClosed)
        server.advance(seconds: 1)
        #expect(server.isClosed)
    }

    @Test func `a client that does not send SETTINGS is let go`() throws {
        let server = try TestServer(handshake: false)
        server.send(bytes: TestServer.preface)
        server.advance(seconds: 21)
        #expect(server.received().last?.errorCode == .settingsTimeout)
        #expect(server.isClosed)
    }

    @Test func `a quiet connection stays by default`() throws {
        let server = try TestServer()
        server.advance(seconds: 100_000)
        #expect(!server.isClosed)
        #expect(server.received().isEmpty)
    }

    @Test func `a peer that opens no window is let go`() throws {
        let server = try TestServer(settings: [(4, 0)])
        server.send(.headers(1))
        server.advance(seconds: 60)
        #expect(!server.isClosed)
        server.send(.windowUpdate(1, 1))
        server.advance(seconds: 60)
        #expect(!server.isClosed, "it took a byte")
        server.advance(seconds: 1)
        #expect(server.received().last?.errorCode == .enhanceYourCalm)
        #expect(server.isClosed)
        #expect(server.application.events.last == .cancelled(1))
    }

    @Test func `a peer that does not read from its socket is let go`() throws {
        let server = try TestServer()
        server.channel.isWritable = false
        server.channel.pipeline.fireChannelWritabilityChanged()
        server.send(.ping())
        server.advance(seconds: 61)
        #expect(server.isClosed)
    }

    @Test func `an idle connection is shut down when so configured`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.idleTimeout = .seconds(10)
        let server = try TestServer(configuration)
        server.application.onRequest = { _ in }
        server.send(.headers(1))
        server.advance(seconds: 30)
        #expect(!server.isClosed, "a request is in flight")
        let stream = server.application.streams[1]!
        RecordingApplication.answer(stream)
        stream.flush()
        server.advance(seconds: 9)
        #expect(goAways(server.received()).isEmpty)
        server.advance(seconds: 4)
        #expect(goAways(server.received()) == [0x7fff_ffff, 1])
        #expect(server.isClosed)
    }

    @Test func `a quiet peer is probed, and let go when it stays silent`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.keepaliveInterval = .seconds(10)
        configuration.keepaliveTimeout = .seconds(5)
        let server = try TestServer(configuration)
        server.advance(seconds: 9)
        #expect(server.received().isEmpty)
        server.advance(seconds: 1)
        let ping = try #require(server.received().first { $0.type == FrameType.ping })
        server.send(.ping(ping.payload, ack: true))
        server.advance(seconds: 14)
        #expect(!server.isClosed)
        server.advance(seconds: 1)
        #expect(server.isClosed)
    }

    @Test func `a peer without requests is left in peace when so configured`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.keepaliveInterval = .seconds(10)
        configuration.keepaliveTimeout = .seconds(5)
        configuration.keepaliveWithoutStreams = false
        let server = try TestServer(configuration)
        server.application.onRequest = { _ in }
        server.advance(seconds: 30)
        #expect(server.received().isEmpty)
        server.send(.headers(1))
        server.advance(seconds: 10)
        #expect(server.received().contains { $0.type == FrameType.ping })
    }

    @Test func `an old connection takes no new requests and ends with the last one`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.connectionAge = .seconds(10)
        let server = try TestServer(configuration)
        server.application.onRequest = { _ in }
        server.send(.headers(1))
        server.advance(seconds: 9)
        #expect(goAways(server.received()).isEmpty)
        server.advance(seconds: 1)
        let frames = server.received()
        #expect(goAways(frames) == [0x7fff_ffff])
        server.send(try #require(drainPing(frames)))
        server.advance(seconds: 100)
        #expect(!server.isClosed, "a request is in flight")
        let stream = server.application.streams[1]!
        RecordingApplication.answer(stream)
        stream.flush()
        #expect(server.responses(server.received())[1]?.isComplete == true)
        #expect(server.isClosed)
    }

    @Test func `requests that outlast the grace of an old connection end with it`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.connectionAge = .seconds(10)
        configuration.connectionAgeGrace = .seconds(5)
        let server = try TestServer(configuration)
        server.application.onRequest = { _ in }
        server.send(.headers(1))
        server.advance(seconds: 14)
        #expect(!server.application.events.contains { if case .cancelled = $0 { true } else { false } })
        server.advance(seconds: 1)
        #expect(server.application.events.contains { if case .cancelled = $0 { true } else { false } })
        server.advance(seconds: 3)
        #expect(server.isClosed)
    }

    // MARK: pings

    private func pingServer(strikes: Int = 2, allowsWithoutStreams: Bool = true) throws -> TestServer {
        var configuration = HTTP2ServerConfiguration()
        configuration.pingLimits = HTTP2PingLimits(
            minimumInterval: .seconds(10),
            maximumStrikes: strikes,
            allowsWithoutStreams: allowsWithoutStreams
        )
        return try TestServer(configuration)
    }

    private func reason(_ frames: [Frame]) -> String? {
        frames.first { $0.type == FrameType.goAway }.map { String(decoding: $0.payload.dropFirst(8), as: UTF8.self) }
    }

    @Test func `pings that come too fast are strikes, and with one too many the connection ends`() throws {
        let server = try pingServer()
        for _ in 0..<3 { server.send(.ping()) }
        #expect(server.received().count { $0.type == FrameType.ping } == 3)
        server.send(.ping())
        let frames = server.received()
        #expect(reason(frames) == "too_many_pings")
        #expect(frames.first { $0.type == FrameType.goAway }?.number(at: 4) == HTTP2ErrorCode.enhanceYourCalm.rawValue)
    }

    @Test func `pings that keep the interval are none, and an answer wipes the slate`() throws {
        let server = try pingServer()
        for _ in 0..<5 {
            server.send(.ping())
            server.advance(seconds: 10)
        }
        server.application.onRequest = { RecordingApplication.answer($0) }
        for id in [1, 3, 5] as [UInt32] {
            for _ in 0..<3 { server.send(.ping()) }
            server.send(.headers(id))
        }
        #expect(reason(server.received()) == nil)
    }

    @Test func `zero strikes allow any number of pings`() throws {
        let server = try pingServer(strikes: 0)
        for _ in 0..<100 { server.send(.ping()) }
        #expect(reason(server.received()) == nil)
    }

    @Test func `without requests pings may come every two hours`() throws {
        let server = try pingServer(strikes: 1, allowsWithoutStreams: false)
        server.send(.ping())
        server.advance(seconds: 7200)
        server.send(.ping())
        server.advance(seconds: 7199)
        server.send(.ping())
        #expect(reason(server.received()) == nil)
        server.advance(seconds: 7199)
        server.send(.ping())
        #expect(reason(server.received()) == "too_many_pings")
    }

    // MARK: read cycles

    @Test func `one read cycle makes one flush`() throws {
        final class FlushCounter: ChannelOutboundHandler {
            typealias OutboundIn = ByteBuffer
            var count = 0
            func flush(context: ChannelHandlerContext) {
                count += 1
                context.flush()
            }
        }
        let server = try TestServer()
        let counter = FlushCounter()
        try server.channel.pipeline.syncOperations.addHandler(counter, position: .first)
        server.application.onRequest = {
            RecordingApplication.answer($0)
            $0.flush()
        }
        server.send(.headers(1), .headers(3), .ping(), .headers(5))
        #expect(counter.count == 1)
        server.application.onRequest = { _ in }
        server.send(.headers(7))
        #expect(counter.count == 1)
        let stream = server.application.streams[7]!
        RecordingApplication.answer(stream)
        #expect(counter.count == 1)
        stream.flush()
        stream.flush()
        #expect(counter.count == 2)
    }
}
