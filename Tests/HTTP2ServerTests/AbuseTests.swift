import NIOCore
import NIOEmbedded
import Testing

@testable import HTTP2Server

/// Floods of frames that cost the server and not the peer.
struct AbuseTests {
    struct Flood: Sendable, CustomTestStringConvertible {
        var what: String
        /// Sent once.
        var before: [Frame] = []
        /// Sent again and again; ids count up by two for each round when `newStreams`.
        var frames: [Frame]
        var newStreams = false
        /// Rounds that are allowed within a second.
        var limit: Int
        var testDescription: String { what }
    }

    static let floods = [
        Flood(what: "rapid reset", frames: [.headers(1, endStream: false), .reset(1)], newStreams: true, limit: 1000),
        Flood(
            what: "made you reset",
            frames: [.headers(1, endStream: false), .windowUpdate(1, 0)],
            newStreams: true,
            limit: 1000
        ),
        Flood(what: "malformed requests", frames: [.headers(1, block([("a", "b")]))], newStreams: true, limit: 1000),
        Flood(what: "SETTINGS", frames: [.settings()], limit: 48),
        Flood(what: "SETTINGS acknowledgements", frames: [.settingsAck], limit: 48),
        Flood(what: "PING", frames: [.ping()], limit: 1000),
        Flood(what: "PING acknowledgements", frames: [.ping(ack: true)], limit: 1000),
        Flood(what: "PRIORITY", frames: [.priority(1, dependsOn: 0)], limit: 1000),
        Flood(what: "unknown frames", frames: [Frame(type: 0x99, payload: [1])], limit: 1000),
        Flood(what: "WINDOW_UPDATE", frames: [.windowUpdate(0, 1)], limit: 1000),
        Flood(
            what: "WINDOW_UPDATE on a stream",
            before: [.headers(1, endStream: false)],
            frames: [.windowUpdate(1, 1)],
            limit: 1004
        ),
        Flood(
            what: "empty DATA",
            before: [.headers(1, endStream: false)],
            frames: [.data(1, [], endStream: false)],
            limit: 1000
        ),
        Flood(
            what: "DATA of padding",
            before: [.headers(1, endStream: false)],
            frames: [.padded(.data(1, [], endStream: false), 1)],
            limit: 1000
        ),
        Flood(
            what: "DATA on a reset stream",
            before: [.headers(1, block([("a", "b")]), endStream: false)],
            frames: [.data(1, [1], endStream: false)],
            limit: 1000
        ),
    ]

    private func round(_ flood: Flood, _ number: Int) -> [Frame] {
        guard flood.newStreams else { return flood.frames }
        return flood.frames.map { frame in
            var frame = frame
            frame.stream += UInt32(number * 2)
            return frame
        }
    }

    @Test(arguments: floods) func `a flood ends the connection`(_ flood: Flood) throws {
        let server = try TestServer()
        server.send(flood.before)
        for number in 0..<flood.limit { server.send(round(flood, number)) }
        #expect(!server.isClosed, "as many are allowed")
        for number in flood.limit..<flood.limit + 3 { server.send(round(flood, number)) }
        #expect(server.isClosed)
        let goAway = try #require(server.received().last)
        #expect(goAway.type == FrameType.goAway)
        #expect(goAway.errorCode == .enhanceYourCalm)
    }

    @Test(arguments: floods) func `the same number over several seconds is none`(_ flood: Flood) throws {
        let server = try TestServer()
        server.send(flood.before)
        for number in 0..<(4 * flood.limit) {
            if number % (flood.limit / 2) == 0 { server.advance(seconds: 1) }
            server.send(round(flood, number))
        }
        #expect(!server.isClosed)
    }

    @Test func `requests that complete earn resets`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.abuse.resetsPerSecond = 10
        let server = try TestServer(configuration)
        for number in 0..<300 {
            let id = UInt32(number * 4)
            server.send(.headers(id + 1), .headers(id + 3, endStream: false), .reset(id + 3))
        }
        #expect(!server.isClosed)
    }

    @Test func `what was earned before the second's end counts after it`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.abuse.windowUpdatesPerSecond = 10
        let server = try TestServer(configuration)
        server.application.onRequest = { _ in }
        for number in 0..<100 { server.send(.headers(UInt32(number * 2 + 1))) }
        server.advance(seconds: 1)
        for number in 0..<400 { server.send(.windowUpdate(UInt32(number % 100 * 2 + 1), 1)) }
        #expect(!server.isClosed)
        server.advance(seconds: 1)
        for _ in 0..<11 { server.send(.windowUpdate(1, 1)) }
        #expect(server.received().last?.errorCode == .enhanceYourCalm)
    }

    @Test func `a block in too many CONTINUATION frames ends the connection`() throws {
        let server = try TestServer()
        server.send(.headers(1, [], endHeaders: false))
        for _ in 0..<32 { server.send(.continuation(1, [], endHeaders: false)) }
        #expect(!server.isClosed)
        server.send(.continuation(1, [], endHeaders: false))
        #expect(server.received().last?.errorCode == .enhanceYourCalm)
    }

    @Test func `a block that grows without end ends the connection`() throws {
        let server = try TestServer()
        server.send(.headers(1, [], endHeaders: false))
        server.send(.continuation(1, [UInt8](repeating: 0x82, count: 60_000), endHeaders: false))
        #expect(!server.isClosed)
        server.send(.continuation(1, [UInt8](repeating: 0x82, count: 10_000), endHeaders: false))
        #expect(server.received().last?.errorCode == .enhanceYourCalm)
    }

    @Test(arguments: [UInt8(1), 4, 7]) func `a huge frame that is not DATA is refused by its header`(
        _ type: UInt8
    ) throws {
        let server = try TestServer()
        let frame = Frame(type: type, stream: type == 1 ? 1 : 0, payload: [UInt8](repeating: 0, count: 500_000))
        server.send(bytes: Array(frame.bytes[..<9]))
        #expect(server.received().last?.errorCode == .enhanceYourCalm)
    }

    @Test func `streams beyond the limit do not come for free`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.maximumConcurrentStreams = 1
        configuration.abuse.resetsPerSecond = 200
        let server = try TestServer(configuration)
        server.application.onRequest = { _ in }
        for number in 0..<202 { server.send(.headers(UInt32(number * 2 + 1))) }
        #expect(server.received().last?.errorCode == .enhanceYourCalm)
    }

    @Test func `new requests are refused while too much output waits`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.maximumPendingOutputByteCount = 100_000
        let server = try TestServer(configuration, settings: [(4, 0)])
        server.application.onRequest = {
            RecordingApplication.answer($0, ByteBuffer(repeating: 0, count: 60_000))
        }
        server.send(.headers(1), .headers(3), .headers(5))
        #expect(server.received().last == .reset(5, .refusedStream))
        server.send(.windowUpdate(1, 60_000))
        _ = server.received()
        server.send(.headers(7))
        #expect(server.received().contains { $0.type == FrameType.rstStream } == false)
    }

    @Test func `reading stops while the peer does not take output`() throws {
        final class ReadCounter: ChannelOutboundHandler {
            typealias OutboundIn = ByteBuffer
            var count = 0
            func read(context: ChannelHandlerContext) {
                count += 1
                context.read()
            }
        }
        let server = try TestServer()
        let counter = ReadCounter()
        try server.channel.pipeline.syncOperations.addHandler(counter, position: .first)
        server.channel.isWritable = false
        server.channel.pipeline.fireChannelWritabilityChanged()
        server.channel.pipeline.read()
        server.channel.pipeline.read()
        #expect(counter.count == 0)
        server.channel.isWritable = true
        server.channel.pipeline.fireChannelWritabilityChanged()
        #expect(counter.count == 1)
    }
}
