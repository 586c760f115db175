import Batching
import Inference
import NIOCore
import NIOEmbedded
import Servables
import ServingMetrics
import ServingTestKit
import Telemetry
import Testing

@testable import FrontendREST

/// Time and framing on one connection without a socket.
@Suite struct RESTConnectionHandlerTests {
    private let channel = EmbeddedChannel()
    private let loop: RESTLoop

    init() throws {
        loop = RESTLoop(eventLoop: channel.eventLoop, telemetry: RequestTelemetry(.off, metrics: ServerMetrics()))
        let manager = ServableManager(loaders: FakeLoaderFactory([:], scheduler: BatchScheduler(threadCount: 0)))
        let configuration = RESTConfiguration(
            port: 0,
            headTimeoutSeconds: 5,
            bodyTimeoutSeconds: 5,
            idleTimeoutSeconds: 30,
            writeTimeoutSeconds: 10
        )
        let responder = RESTResponder(
            service: InferenceService(manager: manager),
            health: ServingHealth(requiredModels: [], manager: manager),
            configuration: configuration
        )
        try channel.pipeline.syncOperations.addHandler(
            RESTConnectionHandler(responder: responder, configuration: configuration, loop: loop)
        )
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    @Test func `a head that comes byte by byte is cut off`() throws {
        try send("GET / HT")
        for _ in 0..<4 {
            advance(seconds: 1)
            try send("T")
        }
        #expect(received() == "")
        advance(seconds: 3)
        #expect(received().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        advance(seconds: 4)
        #expect(!channel.isActive)
    }

    @Test func `a body that keeps coming is waited for, one that stops is not`() throws {
        try send("POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        for _ in 0..<20 {
            advance(seconds: 3)
            try send("x")
        }
        #expect(received() == "")
        advance(seconds: 8)
        #expect(received().contains("\"error\": \"The rest of the request did not come in time\""))
    }

    @Test func `an idle connection is closed after its time`() throws {
        try send("GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(received().hasPrefix("HTTP/1.1 200 OK\r\n"))
        advance(seconds: 29)
        #expect(channel.isActive)
        advance(seconds: 3)
        #expect(!channel.isActive)
    }

    @Test func `the last answer of a draining connection says so`() throws {
        try send("GET /v2/health/live HT")
        let drained = loop.drain()
        #expect(channel.isActive)
        try send("TP/1.1\r\nHost: x\r\n\r\n")
        #expect(received().contains("\r\nConnection: close\r\n"))
        #expect(!channel.isActive)
        try drained.wait()
    }

    @Test func `an idle connection ends when the server drains`() throws {
        _ = loop.drain()
        #expect(!channel.isActive)
    }

    @Test func `a gzip body is read and a bad one is an empty document`() throws {
        func post(_ body: [UInt8]) throws {
            let head =
                "POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
                + "Content-Length: \(body.count)\r\n\r\n"
            try channel.writeInbound(ByteBuffer(bytes: Array(head.utf8) + body))
        }
        try post(GzipBodyTests.compressed)
        #expect(received().contains("Servable not found for request: Latest(m)"))
        try post(Array(GzipBodyTests.compressed.dropLast()))
        #expect(received().contains("JSON Parse error: The document is empty\""))
    }

    private func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    private func received() -> String {
        var text = ""
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }

    private func advance(seconds: Int) { channel.embeddedEventLoop.advanceTime(by: .seconds(Int64(seconds))) }
}
