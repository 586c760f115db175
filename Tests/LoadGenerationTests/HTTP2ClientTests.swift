import HTTP2Server
import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPClient
@testable import LoadGeneration

/// Answers as a script says.
private final class ScriptedServer: HTTP2RequestHandler {
    var streams: [HTTP2ServerStream] = []
    var heads: [HTTP2RequestHead] = []
    var bodies: [[UInt8]] = []
    var cancelled = 0
    var bodyLimit = 1 << 30

    func streamOpened(_ stream: HTTP2ServerStream, head: HTTP2RequestHead) -> HTTP2BodyPlan {
        streams.append(stream)
        heads.append(head)
        return HTTP2BodyPlan(maximumByteCount: bodyLimit)
    }

    func bodyLayout(_ stream: HTTP2ServerStream, prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout? { nil }
    func requestReceived(_ stream: HTTP2ServerStream, body: ByteBuffer) { bodies.append(Array(body.readableBytesView)) }
    func bodyRefused(_ stream: HTTP2ServerStream, reason: HTTP2BodyRefusal) {}
    func streamCancelled(_ stream: HTTP2ServerStream) { cancelled += 1 }

    func answer(_ stream: HTTP2ServerStream, _ body: [UInt8], status: String = "0", message: String? = nil) {
        stream.sendHeaders(status: 200, [HTTP2HeaderField("content-type", "application/grpc")])
        if !body.isEmpty { stream.sendData(ByteBuffer(bytes: body)) }
        let fields =
            [HTTP2HeaderField("grpc-status", status)] + (message.map { [HTTP2HeaderField("grpc-message", $0)] } ?? [])
        stream.sendTrailers(fields)
        stream.flush()
    }
}

/// The client against this project's own server, byte for byte, without a network.
private struct Pair {
    let log = AnswerLog()
    let server = ScriptedServer()
    let client: HTTP2Client
    let channel: EmbeddedChannel

    init(_ configuration: HTTP2ServerConfiguration = HTTP2ServerConfiguration()) throws {
        client = HTTP2Client(receiver: log)
        channel = EmbeddedChannel(
            handler: HTTP2ConnectionHandler(configuration: configuration, requestHandler: server)
        )
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try exchange()
    }

    /// Carries bytes there and back until both are silent.
    func exchange(by size: Int = 1 << 20) throws {
        while true {
            let sent = client.takeOutput()
            if !sent.isEmpty { try channel.writeInbound(ByteBuffer(bytes: sent)) }
            var received: [UInt8] = []
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
                received += Array(buffer.readableBytesView)
            }
            if sent.isEmpty, received.isEmpty { return }
            try client.receive(received, by: size)
        }
    }

    func request(_ message: [UInt8] = [1, 2, 3]) throws -> PreparedRequest {
        let address = try ServerAddress("127.0.0.1:8500")
        log.requests.append(.grpc(path: "/p.S/M", message: message, to: address, RequestFields()))
        return try #require(log.requests.last)
    }
}

struct HTTP2ClientTests {
    @Test func `calls go out and answers come back`() throws {
        let pair = try Pair()
        for token in 0..<5 {
            #expect(pair.client.canSend)
            _ = pair.client.send(try pair.request(), token: token)
        }
        try pair.exchange()
        #expect(pair.server.bodies == Array(repeating: [0, 0, 0, 0, 3, 1, 2, 3], count: 5))
        for head in pair.server.heads {
            #expect(head.path == "/p.S/M")
            #expect(head.method == "POST")
            #expect(head.authority == "127.0.0.1:8500")
            #expect(head.first("te") == "trailers")
            #expect(head.first("content-type") == "application/grpc")
        }
        #expect(pair.client.inFlight == 5)
        for (index, stream) in pair.server.streams.enumerated() { pair.server.answer(stream, [UInt8(index)]) }
        try pair.exchange()
        #expect(pair.log.entries.map(\.token) == [0, 1, 2, 3, 4])
        #expect(pair.log.kinds == Array(repeating: .grpc(0), count: 5))
        #expect(pair.log.entries.map(\.body) == [[0], [1], [2], [3], [4]])
        #expect(pair.client.inFlight == 0)
    }

    @Test func `header blocks become a byte for each field`() throws {
        let pair = try Pair()
        var sizes: [Int] = []
        for token in 0..<4 {
            _ = pair.client.send(try pair.request([]), token: token)
            let bytes = pair.client.takeOutput()
            sizes.append(bytes.count)
            try pair.channel.writeInbound(ByteBuffer(bytes: bytes))
        }
        // Frame headers of HEADERS and DATA, seven fields, a message without bytes.
        #expect(sizes.last == 9 + 7 + 9 + 5)
        #expect(sizes[0] > sizes[3])
        #expect(Set(pair.server.heads.map(\.path)) == ["/p.S/M"])
    }

    @Test(arguments: [1, 2, 5, 9, 10, 100])
    func `answers are understood however they are cut`(size: Int) throws {
        let pair = try Pair()
        let body = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
        for token in 0..<3 { _ = pair.client.send(try pair.request(), token: token) }
        try pair.exchange()
        for stream in pair.server.streams { pair.server.answer(stream, body) }
        try pair.exchange(by: size)
        #expect(pair.log.entries.map(\.body) == [body, body, body])
    }

    @Test(arguments: [16_384, 1 << 20])
    func `bodies larger than window and frame arrive whole`(frameSize: Int) throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.maximumFrameByteCount = frameSize
        let pair = try Pair(configuration)
        let messages = (1...3).map { [UInt8](repeating: UInt8($0), count: 3_000_000 * $0) }
        for (token, message) in messages.enumerated() { _ = pair.client.send(try pair.request(message), token: token) }
        try pair.exchange()
        #expect(pair.server.bodies.map { Array($0.dropFirst(5)) } == messages)
    }

    @Test func `a refusal is told with its text`() throws {
        let pair = try Pair()
        _ = pair.client.send(try pair.request(), token: 0)
        try pair.exchange()
        pair.server.answer(pair.server.streams[0], [], status: "8", message: "queue is full")
        try pair.exchange()
        #expect(pair.log.entries == [.init(token: 0, kind: .grpc(8), body: [], message: "queue is full")])
    }

    @Test func `a plain answer has its HTTP status`() throws {
        let pair = try Pair()
        _ = pair.client.send(try pair.request(), token: 0)
        try pair.exchange()
        pair.server.streams[0].sendHeaders(status: 413, [], endStream: true)
        pair.server.streams[0].flush()
        try pair.exchange()
        #expect(pair.log.kinds == [.http(413)])
    }

    @Test func `a reset stream is told and does no harm to others`() throws {
        let pair = try Pair()
        for token in 0..<2 { _ = pair.client.send(try pair.request(), token: token) }
        try pair.exchange()
        pair.server.streams[0].reset(code: 11)
        pair.server.streams[0].flush()
        pair.server.answer(pair.server.streams[1], [9])
        try pair.exchange()
        #expect(pair.log.entries.map(\.token) == [0, 1])
        #expect(pair.log.kinds == [.broken(.reset), .grpc(0)])
    }

    @Test func `a cancelled call is reset and never told`() throws {
        let pair = try Pair()
        let handle = pair.client.send(try pair.request(), token: 0)
        _ = pair.client.send(try pair.request(), token: 1)
        try pair.exchange()
        #expect(pair.client.cancel(handle))
        #expect(pair.client.inFlight == 1)
        try pair.exchange()
        #expect(pair.server.cancelled == 1)
        pair.server.answer(pair.server.streams[1], [9])
        try pair.exchange()
        #expect(pair.log.entries.map(\.token) == [1])
    }

    @Test func `the server's limit of streams is kept`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.maximumConcurrentStreams = 2
        let pair = try Pair(configuration)
        for token in 0..<2 { _ = pair.client.send(try pair.request(), token: token) }
        #expect(!pair.client.canSend)
        try pair.exchange()
        pair.server.answer(pair.server.streams[0], [9])
        try pair.exchange()
        #expect(pair.client.canSend)
    }

    @Test func `one stream may stay open while hundreds come and go`() throws {
        let pair = try Pair()
        _ = pair.client.send(try pair.request(), token: 1000)
        try pair.exchange()
        for token in 0..<300 {
            _ = pair.client.send(try pair.request(), token: token)
            try pair.exchange()
            pair.server.answer(try #require(pair.server.streams.last), [UInt8(truncatingIfNeeded: token)])
            try pair.exchange()
        }
        pair.server.answer(pair.server.streams[0], [77])
        try pair.exchange()
        #expect(pair.log.entries.map(\.token) == Array(0..<300) + [1000])
        #expect(pair.log.entries.last?.body == [77])
    }

    @Test func `after GOAWAY answers still come, and nothing more is sent`() throws {
        let pair = try Pair()
        _ = pair.client.send(try pair.request(), token: 0)
        try pair.exchange()
        let handler = try pair.channel.pipeline.syncOperations.handler(type: HTTP2ConnectionHandler.self)
        handler.beginGracefulShutdown()
        try pair.exchange()
        #expect(pair.client.isFinishing)
        #expect(!pair.client.canSend)
        pair.server.answer(pair.server.streams[0], [9])
        try pair.exchange()
        #expect(pair.log.kinds == [.grpc(0)])
    }

    @Test func `a lost connection is told for every call`() throws {
        let pair = try Pair()
        for token in 0..<3 { _ = pair.client.send(try pair.request(), token: token) }
        pair.client.failAll(.closed)
        #expect(pair.log.kinds == Array(repeating: .broken(.closed), count: 3))
        #expect(pair.client.inFlight == 0)
    }

    static let faults: [(what: String, bytes: [UInt8])] = [
        ("a frame beyond the limit", [0, 0x40, 1, 0, 0, 0, 0, 0, 1]),
        ("DATA on a stream never opened", [0, 0, 1, 0, 0, 0, 0, 0, 5, 1]),
        ("HEADERS on an even stream", [0, 0, 1, 1, 4, 0, 0, 0, 2, 0x88]),
        ("HEADERS that cannot be decoded", [0, 0, 1, 1, 4, 0, 0, 0, 1, 0xff]),
        ("padding longer than its frame", [0, 0, 1, 1, 0x0c, 0, 0, 0, 1, 9]),
        ("CONTINUATION from nowhere", [0, 0, 1, 9, 4, 0, 0, 0, 1, 0x88]),
        ("SETTINGS of five bytes", [0, 0, 5, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]),
        ("a frame size of nothing", [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]),
        ("a window beyond the limit", [0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]),
        ("a push", [0, 0, 4, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2]),
        ("a short PING", [0, 0, 1, 6, 0, 0, 0, 0, 0, 0]),
        ("a short GOAWAY", [0, 0, 1, 7, 0, 0, 0, 0, 0, 0]),
        ("a short RST_STREAM", [0, 0, 1, 3, 0, 0, 0, 0, 1, 0]),
    ]

    @Test(arguments: faults)
    func `what breaks the protocol is a fault`(_ fault: (what: String, bytes: [UInt8])) throws {
        let pair = try Pair()
        _ = pair.client.send(try pair.request(), token: 0)
        #expect(throws: ProtocolFault.self, "\(fault.what)") { try pair.client.receive(fault.bytes) }
    }

    @Test func `random bytes never do worse than a fault`() throws {
        var random = RandomSource(seed: 5)
        for _ in 0..<2000 {
            let pair = AnswerLog()
            let client = HTTP2Client(receiver: pair)
            try client.receive([0, 0, 0, 4, 0, 0, 0, 0, 0])
            for token in 0..<3 {
                _ = client.send(
                    .grpc(path: "/p.S/M", message: [1], to: try ServerAddress("127.0.0.1:1"), RequestFields()),
                    token: token
                )
            }
            let frames = (0..<5).flatMap { _ -> [UInt8] in
                let count = Int.random(in: 0...20, using: &random)
                let header: [UInt8] = [
                    0, 0, UInt8(count), UInt8.random(in: 0...10, using: &random),
                    UInt8.random(in: 0...63, using: &random),
                    0, 0, 0, UInt8.random(in: 0...6, using: &random),
                ]
                return header + (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            try? client.receive(frames, by: Int.random(in: 1...40, using: &random))
            client.failAll(.closed)
            #expect(Set(pair.entries.map(\.token)) == [0, 1, 2])
            #expect(pair.entries.count == 3)
        }
    }
}
