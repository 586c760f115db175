import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

@testable import FrontendGRPC
@testable import HTTP2Server

/// A small HTTP/2 client that sends what it is told, also what no well-behaved client would. It sends no more than the
/// server's first windows take.
final class GRPCTestClient: Sendable {
    fileprivate let channel: any Channel
    private let state: ClientState

    private init(channel: any Channel, state: ClientState) {
        self.channel = channel
        self.state = state
    }

    /// Connects and waits for the server's settings.
    static func connect(to listener: GRPCListener, tls: NIOSSLContext? = nil) async throws -> GRPCTestClient {
        let state = ClientState()
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
                    try pipeline.addHandler(ClientFrameHandler(state))
                }
            }
        let channel =
            switch listener {
            case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port).get()
            case .unixSocket(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
            }
        for await _ in state.ready.stream { break }
        return GRPCTestClient(channel: channel, state: state)
    }

    /// Opens a stream. `fields` replace those of an ordinary gRPC request with the same name.
    func open(
        _ path: String,
        _ fields: [HTTP2HeaderField] = [],
        endStream: Bool = false
    ) -> GRPCTestStream {
        let usual = [
            HTTP2HeaderField(":method", "POST"), HTTP2HeaderField(":scheme", "http"), HTTP2HeaderField(":path", path),
            HTTP2HeaderField(":authority", "test"), HTTP2HeaderField("te", "trailers"),
            HTTP2HeaderField("content-type", "application/grpc"),
        ]
        let all =
            usual.map { old in fields.first { $0.name == old.name } ?? old }
            + fields.filter { new in !usual.contains { $0.name == new.name } }
        let (id, events) = state.newStream()
        let block = encodeHeaderBlock(all.filter { !$0.value.isEmpty })
        write(.init(length: block.count, type: FrameType.headers, flags: endStream ? 0x5 : 0x4, streamID: id), block)
        return GRPCTestStream(id: id, client: self, events: events)
    }

    /// A whole call with one message.
    func call(
        _ method: GRPCMethod,
        _ message: [UInt8],
        _ fields: [HTTP2HeaderField] = []
    ) async -> GRPCTestResponse {
        await call(path: method.rawValue, body: framed(message), fields)
    }

    /// A whole call with any body.
    func call(path: String, body: [UInt8], _ fields: [HTTP2HeaderField] = []) async -> GRPCTestResponse {
        let stream = open(path, fields)
        stream.send(body, endStream: true)
        return await stream.response()
    }

    /// The last stream a GOAWAY promised to answer, once one has come.
    func goAway() async -> UInt32 {
        for await last in state.goAways.stream { return last }
        return .max
    }

    func waitUntilClosed() async throws { try await channel.closeFuture.get() }

    func close() async throws { try await channel.close() }

    fileprivate func write(_ header: FrameHeader, _ payload: some Collection<UInt8>) {
        channel.writeAndFlush(frame(header, payload), promise: nil)
    }
}

/// One stream of a test client.
struct GRPCTestStream: Sendable {
    let id: UInt32
    fileprivate let client: GRPCTestClient
    /// What the server sends, in order; ends with the stream.
    let events: AsyncStream<GRPCTestEvent>

    /// Sends body bytes in frames of at most 16 KiB.
    func send(_ bytes: [UInt8], endStream: Bool = false) {
        var rest = bytes[...]
        repeat {
            let piece = rest.prefix(16_384)
            rest = rest.dropFirst(16_384)
            let flags: UInt8 = endStream && rest.isEmpty ? 1 : 0
            client.write(.init(length: piece.count, type: FrameType.data, flags: flags, streamID: id), piece)
        } while !rest.isEmpty
    }

    func reset() {
        client.write(.init(length: 4, type: FrameType.rstStream, streamID: id), [0, 0, 0, 8])
    }

    /// Everything up to the end of the stream.
    func response() async -> GRPCTestResponse {
        var response = GRPCTestResponse()
        for await event in events { response.add(event) }
        return response
    }

    /// The next message of a streaming answer; `nil` when the stream ends first.
    func nextMessage() async -> [UInt8]? {
        for await event in events {
            if case .data(let bytes) = event { return Array(bytes.dropFirst(GRPCFraming.prefixByteCount)) }
        }
        return nil
    }
}

enum GRPCTestEvent: Sendable {
    case headers([String: String])
    case data([UInt8])
    case reset(UInt32)
    case connectionClosed
}

/// What came back on a stream.
struct GRPCTestResponse: Sendable {
    var headers: [String: String] = [:]
    var trailers: [String: String]?
    var body: [UInt8] = []
    var resetCode: UInt32?
    var connectionClosed = false

    /// The status as gRPC clients find it: in the trailers, or in the headers of an answer without messages.
    var grpcStatus: Int32? { (trailers ?? headers)["grpc-status"].flatMap { Int32($0) } }
    var grpcMessage: String? { (trailers ?? headers)["grpc-message"] }
    var httpStatus: Int? { headers[":status"].flatMap { Int($0) } }
    /// The only message's bytes.
    var message: [UInt8] { Array(body.dropFirst(GRPCFraming.prefixByteCount)) }

    mutating func add(_ event: GRPCTestEvent) {
        switch event {
        case .headers(let fields): if headers.isEmpty { headers = fields } else { trailers = fields }
        case .data(let bytes): body += bytes
        case .reset(let code): resetCode = code
        case .connectionClosed: connectionClosed = true
        }
    }
}

/// A message with gRPC's prefix.
func framed(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
    [flag] + withUnsafeBytes(of: UInt32(message.count).bigEndian, Array.init) + message
}

// MARK: - On the wire

func frame(_ header: FrameHeader, _ payload: some Collection<UInt8>) -> ByteBuffer {
    var bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
    bytes.withUnsafeMutableBytes { header.write(to: $0.baseAddress!) }
    return ByteBuffer(bytes: bytes + payload)
}

/// Fields as literals that are never indexed, without Huffman coding.
func encodeHeaderBlock(_ fields: [HTTP2HeaderField]) -> [UInt8] {
    fields.flatMap { field -> [UInt8] in [0x10] + encodeString(field.name) + encodeString(field.value) }
}

private func encodeString(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    var rest = bytes.count - 127
    var length: [UInt8] = [127]
    while rest >= 128 {
        length.append(UInt8(rest & 127) | 128)
        rest >>= 7
    }
    return length + [UInt8(rest)] + bytes
}

/// Streams of a client; used by the test's tasks and by the channel.
private final class ClientState: Sendable {
    private struct Streams {
        var nextID: UInt32 = 1
        var continuations: [UInt32: AsyncStream<GRPCTestEvent>.Continuation] = [:]
    }

    private let streams = Mutex(Streams())
    let ready = AsyncStream.makeStream(of: Void.self)
    let goAways = AsyncStream.makeStream(of: UInt32.self)

    func newStream() -> (UInt32, AsyncStream<GRPCTestEvent>) {
        let (events, continuation) = AsyncStream.makeStream(of: GRPCTestEvent.self)
        let id = streams.withLock { streams in
            defer { streams.nextID += 2 }
            streams.continuations[streams.nextID] = continuation
            return streams.nextID
        }
        return (id, events)
    }

    func deliver(_ event: GRPCTestEvent, to id: UInt32, isLast: Bool) {
        let continuation = streams.withLock { streams in
            isLast ? streams.continuations.removeValue(forKey: id) : streams.continuations[id]
        }
        continuation?.yield(event)
        if isLast { continuation?.finish() }
    }

    func connectionClosed() {
        let open = streams.withLock { streams in
            defer { streams.continuations = [:] }
            return streams.continuations
        }
        for continuation in open.values {
            continuation.yield(.connectionClosed)
            continuation.finish()
        }
        ready.continuation.finish()
        goAways.continuation.finish()
    }
}

private final class ClientFrameHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let state: ClientState
    private var received = ByteBuffer()
    private var decoder = HPACKDecoder()

    init(_ state: ClientState) { self.state = state }

    func channelActive(context: ChannelHandlerContext) {
        var hello = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        // SETTINGS_INITIAL_WINDOW_SIZE of 2^31-1, and the same for the connection.
        let settings: [UInt8] = [0, 4, 0x7F, 0xFF, 0xFF, 0xFF]
        hello.writeImmutableBuffer(frame(FrameHeader(length: 6, type: FrameType.settings), settings))
        let window: [UInt8] = [0x7F, 0xFE, 0, 0]
        hello.writeImmutableBuffer(frame(FrameHeader(length: 4, type: FrameType.windowUpdate), window))
        context.writeAndFlush(wrapOutboundOut(hello), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        while received.readableBytes >= FrameHeader.byteCount {
            let header = received.withUnsafeReadableBytes { FrameHeader($0.baseAddress!) }
            guard received.readableBytes >= FrameHeader.byteCount + header.length else { break }
            received.moveReaderIndex(forwardBy: FrameHeader.byteCount)
            receive(header, received.readBytes(length: header.length)!, context)
        }
        received.discardReadBytes()
    }

    private func receive(_ header: FrameHeader, _ payload: [UInt8], _ context: ChannelHandlerContext) {
        let isLast = header.has(FrameFlags.endStream)
        switch header.type {
        case FrameType.headers:
            var fields: [String: String] = [:]
            payload.withUnsafeBytes { bytes in try! decoder.decode(bytes) { fields[$0.name] = $0.value } }
            state.deliver(.headers(fields), to: header.streamID, isLast: isLast)
        case FrameType.data: state.deliver(.data(payload), to: header.streamID, isLast: isLast)
        case FrameType.rstStream:
            state.deliver(.reset(number(payload[...])), to: header.streamID, isLast: true)
        case FrameType.goAway: state.goAways.continuation.yield(number(payload.prefix(4)))
        case FrameType.settings where !header.has(FrameFlags.ack):
            write(FrameHeader(length: 0, type: FrameType.settings, flags: FrameFlags.ack), [], context)
            state.ready.continuation.yield()
        case FrameType.ping where !header.has(FrameFlags.ack):
            write(FrameHeader(length: 8, type: FrameType.ping, flags: FrameFlags.ack), payload, context)
        default: return
        }
    }

    private func write(_ header: FrameHeader, _ payload: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(frame(header, payload)), promise: nil)
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    func channelInactive(context: ChannelHandlerContext) {
        state.connectionClosed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
