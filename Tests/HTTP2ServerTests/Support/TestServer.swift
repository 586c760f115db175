import NIOCore
import NIOEmbedded
import Testing

@testable import HTTP2Server

/// A server on an embedded channel, with the client played by the test.
final class TestServer {
    let channel = EmbeddedChannel()
    let application: RecordingApplication
    let handler: HTTP2ConnectionHandler
    private var unparsed: [UInt8] = []
    private var decoder = HPACKDecoder()

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// With `handshake`, preface and SETTINGS have been exchanged and acknowledged, and nothing is left to read.
    init(
        _ configuration: HTTP2ServerConfiguration = HTTP2ServerConfiguration(),
        application: RecordingApplication = RecordingApplication(),
        handshake: Bool = true,
        settings: [(UInt16, UInt32)] = []
    ) throws {
        self.application = application
        handler = HTTP2ConnectionHandler(configuration: configuration, requestHandler: application)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "test")).wait()
        guard handshake else { return }
        send(bytes: Self.preface + Frame.settings(settings).bytes + Frame.settingsAck.bytes)
        _ = received()
    }

    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    func send(_ frames: Frame...) { send(bytes: frames.flatMap(\.bytes)) }

    func send(_ frames: [Frame]) { send(bytes: frames.flatMap(\.bytes)) }

    /// One read cycle.
    func send(bytes: [UInt8]) {
        guard channel.isActive else { return }
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    /// Whether the server has closed the channel.
    var isClosed: Bool { !channel.isActive }

    /// The bytes that the server has sent since the last call.
    func receivedBytes() -> [UInt8] {
        channel.embeddedEventLoop.run()
        var bytes: [UInt8] = []
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    /// The frames that the server has sent since the last call.
    func received() -> [Frame] {
        unparsed += receivedBytes()
        var frames: [Frame] = []
        while unparsed.count >= 9 {
            let header = unparsed.withUnsafeBytes { FrameHeader($0.baseAddress!) }
            guard unparsed.count >= 9 + header.length else { break }
            let payload = Array(unparsed[9..<9 + header.length])
            frames.append(Frame(type: header.type, flags: header.flags, stream: header.streamID, payload: payload))
            unparsed.removeFirst(9 + header.length)
        }
        return frames
    }

    /// Decodes a header block of the server; has to see all of them in order.
    func decode(_ frame: Frame) -> [String] {
        var fields: [String] = []
        frame.payload.withUnsafeBytes { bytes in
            do throws(HPACKError) {
                try decoder.decode(bytes) { fields.append("\($0.name): \($0.value)") }
            } catch {
                Issue.record("the server's header block is wrong: \(error.reason)")
            }
        }
        return fields
    }

    /// What a client makes of the frames: for each stream its fields, body, and how it ended.
    func responses(_ frames: [Frame]) -> [UInt32: Response] {
        var responses: [UInt32: Response] = [:]
        for frame in frames where frame.stream != 0 {
            var response = responses[frame.stream] ?? Response()
            switch frame.type {
            case FrameType.headers: response.fields += decode(frame)
            case FrameType.data: response.body += frame.payload
            case FrameType.rstStream: response.reset = frame.errorCode
            default: continue
            }
            if frame.isEndStream { response.isComplete = true }
            responses[frame.stream] = response
        }
        return responses
    }

    struct Response: Equatable {
        var fields: [String] = []
        var body: [UInt8] = []
        var isComplete = false
        var reset: HTTP2ErrorCode?
    }

    func advance(seconds: Int) {
        for _ in 0..<seconds { channel.embeddedEventLoop.advanceTime(by: .seconds(1)) }
    }
}
