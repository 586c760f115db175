import EventLoopSupport
import NIOCore
import NIOEmbedded
import Testing

@Suite struct ProtocolChoiceTests {
    static let openings: [(parts: [String], isHTTP2: Bool?)] = [
        (["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], true), (["P", "R", "I", " ", "*", " ", "H"], true),
        (["GET / HTTP/1.1\r\n"], false), (["P", "OST / HTTP/1.1\r\n"], false), (["PRI * "], true), (["PRI x"], false),
        (["P", "R"], nil), ([], nil), (["\u{0}"], false),
    ]

    @Test(arguments: openings) func `the first bytes tell the protocol, and none is lost`(
        parts: [String],
        isHTTP2: Bool?
    ) throws {
        var chosen: Bool?
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ProtocolChoice { isHTTP2, _ in chosen = isHTTP2 })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        for part in parts { try channel.writeInbound(ByteBuffer(string: part)) }
        var received = ""
        while let buffer = try channel.readInbound(as: ByteBuffer.self) { received += String(buffer: buffer) }
        #expect(chosen == isHTTP2)
        #expect(received == (isHTTP2 == nil ? "" : parts.joined()))
        _ = try? channel.finish()
    }

    @Test func `who says nothing is cut off`() throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ProtocolChoice { _, _ in })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        channel.embeddedEventLoop.advanceTime(by: .seconds(19))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
    }
}
