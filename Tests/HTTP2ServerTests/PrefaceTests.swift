import NIOCore
import Testing

@testable import HTTP2Server

struct PrefaceTests {
    @Test func `the server answers the preface with its settings and a larger window`() throws {
        let server = try TestServer(handshake: false)
        #expect(server.received().isEmpty, "nothing is said to a client that has not spoken")
        server.send(bytes: TestServer.preface)
        let frames = server.received()
        #expect(frames.map(\.type) == [FrameType.settings, FrameType.windowUpdate])
        #expect(frames[0].payload.count == 4 * 6)
        #expect(frames[1].number(at: 0) == UInt32((16 << 20) - 65_535))
        server.send(Frame.settings())
        #expect(server.received() == [.settingsAck])
    }

    @Test func `input may be cut anywhere`() throws {
        let body = [UInt8](repeating: 7, count: 40)
        let wire =
            TestServer.preface + Frame.settings([(4, 100_000)]).bytes
            + Frame.headers(1, Array(requestBlock()[..<10]), endStream: false, endHeaders: false).bytes
            + Frame.continuation(1, Array(requestBlock()[10...])).bytes
            + Frame.padded(.data(1, body, endStream: false), 5).bytes + Frame.ping().bytes
            + Frame(type: 0x42, payload: [1, 2, 3]).bytes + Frame.data(1, body).bytes
            + Frame.headers(3).bytes
        for size in 1...wire.count {
            let server = try TestServer(handshake: false)
            for start in stride(from: 0, to: wire.count, by: size) {
                server.send(bytes: Array(wire[start..<min(start + size, wire.count)]))
            }
            #expect(
                server.application.events == [
                    .opened(1), .received(1, byteCount: 80), .opened(3), .received(3, byteCount: 0),
                ],
                "reads of \(size)"
            )
            #expect(server.application.bodies[1].map { Array($0.readableBytesView) } == body + body)
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n", "POST /v1/models HTTP/1.0\r\n\r\n", "PRI * HTTP/1.1\r\n\r\n",
    ])
    func `a client of HTTP/1 is told what this port speaks`(_ request: String) throws {
        let server = try TestServer(handshake: false)
        server.send(bytes: Array(request.utf8))
        let text = String(decoding: server.receivedBytes(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(text.hasSuffix("\r\n\r\nthis port speaks HTTP/2 (gRPC)\n"))
        #expect(server.isClosed)
    }

    @Test(arguments: [[0x16, 0x03, 0x01, 0x02], [0], [0x50, 0x52, 0x49, 0x21]] as [[UInt8]])
    func `anything else ends the connection`(_ bytes: [UInt8]) throws {
        let server = try TestServer(handshake: false)
        server.send(bytes: bytes)
        #expect(server.isClosed)
    }
}
