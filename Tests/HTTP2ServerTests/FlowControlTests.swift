import NIOCore
import NIOEmbedded
import Testing

@testable import HTTP2Server

struct FlowControlTests {
    private func dataByteCount(_ frames: [Frame], _ stream: UInt32? = nil) -> Int {
        frames.filter { $0.type == FrameType.data && (stream == nil || $0.stream == stream) }
            .reduce(0) { $0 + $1.payload.count }
    }

    private func server(answering byteCount: Int, settings: [(UInt16, UInt32)] = []) throws -> TestServer {
        let server = try TestServer(settings: settings)
        server.application.onRequest = {
            RecordingApplication.answer($0, ByteBuffer(repeating: 9, count: byteCount))
        }
        return server
    }

    // MARK: sending

    @Test func `no more is sent than the connection's window`() throws {
        let server = try server(answering: 100_000, settings: [(4, 1_000_000)])
        server.send(.headers(1))
        #expect(dataByteCount(server.received()) == 65_535)
        server.send(.windowUpdate(0, 10))
        #expect(dataByteCount(server.received()) == 10)
        #expect(server.application.streams[1]?.pendingByteCount == 100_000 - 65_545)
        server.send(.windowUpdate(0, 1_000_000))
        let rest = server.received()
        #expect(dataByteCount(rest) == 100_000 - 65_545)
        #expect(rest.last?.isEndStream == true, "trailers come behind the last byte")
        #expect(server.application.streams[1]?.isOpen == false)
    }

    @Test func `no more is sent than the stream's window`() throws {
        let server = try server(answering: 1000, settings: [(4, 10)])
        server.send(.headers(1))
        #expect(dataByteCount(server.received()) == 10)
        server.send(.windowUpdate(0, 1000))
        #expect(server.received().isEmpty)
        server.send(.windowUpdate(1, 90))
        #expect(dataByteCount(server.received()) == 90)
        server.send(.windowUpdate(1, 900))
        let rest = server.received()
        #expect(dataByteCount(rest) == 900)
        #expect(rest.last?.isEndStream == true)
    }

    @Test func `an answer with no window at all goes out whole later`() throws {
        let server = try server(answering: 50, settings: [(4, 0)])
        server.send(.headers(1))
        #expect(server.received().map(\.type) == [FrameType.headers])
        server.send(.settings([(4, 100)]))
        #expect(server.received().map(\.type) == [FrameType.settings, FrameType.data, FrameType.headers])
    }

    @Test func `a lowered window goes below zero and has to be filled up first`() throws {
        let server = try server(answering: 200, settings: [(4, 100)])
        server.send(.headers(1))
        #expect(dataByteCount(server.received()) == 100)
        server.send(.settings([(4, 20)]))
        #expect(server.application.streams[1]?.sendWindow == -80)
        server.send(.windowUpdate(1, 80))
        #expect(dataByteCount(server.received()) == 0)
        server.send(.windowUpdate(1, 1))
        #expect(dataByteCount(server.received()) == 1)
        server.send(.settings([(4, 200)]))
        let rest = server.received()
        #expect(dataByteCount(rest) == 99)
        #expect(rest.last?.isEndStream == true)
    }

    @Test(arguments: [16_384, 20_000, 300_000]) func `frames are as large as the peer takes`(_ size: Int) throws {
        let server = try server(answering: 1_000_000, settings: [(4, 2_000_000), (5, UInt32(size))])
        server.send(.windowUpdate(0, 2_000_000), .headers(1))
        let frames = server.received().filter { $0.type == FrameType.data }
        #expect(dataByteCount(frames) == 1_000_000)
        #expect(frames.map(\.payload.count).max() == min(size, 256 << 10))
    }

    @Test func `a large answer goes out without a copy`() throws {
        let server = try TestServer(settings: [(4, 1 << 30)])
        let body = ByteBuffer(repeating: 3, count: 20 << 20)
        server.application.onRequest = { RecordingApplication.answer($0, body) }
        server.send(.windowUpdate(0, 1 << 30), .headers(1))
        server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(10))
        let base = body.withUnsafeReadableBytes { $0.baseAddress! }
        var shared = 0
        while let buffer = try server.channel.readOutbound(as: ByteBuffer.self) {
            buffer.withUnsafeReadableBytes { bytes in
                if bytes.baseAddress! >= base, bytes.baseAddress! < base + body.readableBytes { shared += bytes.count }
            }
        }
        #expect(shared == body.readableBytes)
    }

    @Test func `a small answer is contiguous`() throws {
        let server = try server(answering: 110)
        server.send(.headers(1))
        let buffer = try #require(try server.channel.readOutbound(as: ByteBuffer.self))
        #expect(buffer.readableBytes > 9 + 110 + 9)
        #expect(try server.channel.readOutbound(as: ByteBuffer.self) == nil)
    }

    @Test(arguments: [100, 5000, 70_000, 200_000]) func `bytes written in place arrive`(_ count: Int) throws {
        let server = try TestServer(settings: [(4, 1 << 20), (5, 1 << 20)])
        server.application.onRequest = { stream in
            stream.sendHeaders(status: 200, [])
            stream.sendData(byteCount: count) { target in
                #expect(target.count == count)
                for index in target.indices { target[index] = UInt8(truncatingIfNeeded: index) }
            }
            stream.sendTrailers([])
        }
        server.send(.windowUpdate(0, 1 << 20), .headers(1))
        let response = try #require(server.responses(server.received())[1])
        #expect(response.body == (0..<count).map { UInt8(truncatingIfNeeded: $0) })
        #expect(response.isComplete)
    }

    @Test func `pieces keep their order whatever their size`() throws {
        let server = try TestServer(settings: [(4, 60_000)])
        var sent: [UInt8] = []
        server.application.onRequest = { stream in
            stream.sendHeaders(status: 200, [])
            for (number, size) in [1, 10_000, 5, 50_000, 3, 70_000, 2].enumerated() {
                let piece = [UInt8](repeating: UInt8(number), count: size)
                sent += piece
                if number % 2 == 0 {
                    stream.sendData(byteCount: size) { $0.copyBytes(from: piece) }
                } else {
                    stream.sendData(ByteBuffer(bytes: piece))
                }
            }
            stream.sendTrailers([])
        }
        server.send(.headers(1))
        var frames = server.received()
        for _ in 0..<200 where !frames.contains(where: \.isEndStream) {
            server.send(.windowUpdate(0, 999), .windowUpdate(1, 1000))
            frames += server.received()
        }
        #expect(server.responses(frames)[1]?.body == sent)
    }

    @Test func `long response headers are continued`() throws {
        let server = try TestServer()
        let fields = (0..<400).map { HTTP2HeaderField("x-\($0)", String(repeating: "v", count: 100)) }
        server.application.onRequest = { $0.sendHeaders(status: 200, fields, endStream: true) }
        server.send(.headers(1))
        let frames = server.received()
        #expect(frames.map(\.type) == [FrameType.headers, FrameType.continuation, FrameType.continuation])
        #expect(frames.map(\.flags) == [FrameFlags.endStream, 0, FrameFlags.endHeaders])
        let whole = Frame.headers(1, frames.flatMap(\.payload))
        #expect(server.decode(whole).count == 401)
    }

    // MARK: fairness

    @Test func `streams take turns by frame`() throws {
        let server = try server(answering: 80_000, settings: [(4, 1_000_000)])
        server.send(.headers(1), .headers(3), .headers(5), .windowUpdate(0, 1_000_000))
        let order = server.received().filter { $0.type == FrameType.data }.map(\.stream)
        #expect(Array(order.prefix(9)) == [1, 3, 5, 1, 3, 5, 1, 3, 5])
    }

    @Test func `a small answer does not wait behind a large one`() throws {
        let server = try TestServer(settings: [(4, 1_000_000)])
        server.application.onRequest = { stream in
            RecordingApplication.answer(stream, ByteBuffer(repeating: 1, count: stream.id == 1 ? 900_000 : 10))
        }
        server.channel.isWritable = false
        server.channel.pipeline.fireChannelWritabilityChanged()
        server.send(.windowUpdate(0, 1_000_000), .headers(1), .headers(3))
        server.channel.isWritable = true
        server.channel.pipeline.fireChannelWritabilityChanged()
        let data = server.received().filter { $0.type == FrameType.data }
        #expect(data.first?.stream == 3)
        #expect(dataByteCount(data, 1) == 900_000)
    }

    @Test func `a peer that takes everything does not keep the loop to itself`() throws {
        let server = try TestServer(settings: [(4, 1 << 30)])
        server.application.onRequest = { stream in
            RecordingApplication.answer(stream, ByteBuffer(repeating: 1, count: stream.id == 1 ? 10 << 20 : 10))
        }
        var wire = ByteBuffer(bytes: Frame.windowUpdate(0, 1 << 30).bytes + Frame.headers(1).bytes)
        try server.channel.writeInbound(wire)
        // The next request is read before the loop has come back to the large answer.
        wire = ByteBuffer(bytes: Frame.headers(3).bytes)
        try server.channel.writeInbound(wire)
        server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(10))
        let frames = server.received()
        let small = try #require(frames.firstIndex { $0.stream == 3 && $0.type == FrameType.data })
        #expect(dataByteCount(Array(frames[..<small]), 1) < 3 << 20)
        #expect(dataByteCount(frames, 1) == 10 << 20)
    }

    @Test func `a stream without window does not hold up others`() throws {
        let server = try server(answering: 1000, settings: [(4, 100)])
        server.send(.headers(1), .headers(3))
        _ = server.received()
        server.send(.windowUpdate(3, 900))
        let frames = server.received()
        #expect(dataByteCount(frames, 3) == 900)
        #expect(dataByteCount(frames, 1) == 0)
    }

    @Test func `a stream that is reset in the queue is skipped`() throws {
        let server = try server(answering: 100_000, settings: [(4, 1_000_000)])
        server.send(.headers(1), .headers(3))
        _ = server.received()
        server.send(.reset(1), .windowUpdate(0, 1_000_000))
        let frames = server.received()
        #expect(dataByteCount(frames, 1) == 0)
        #expect(server.responses(frames)[3]?.isComplete == true)
    }

    @Test func `nothing is framed while the channel does not take it`() throws {
        let server = try server(answering: 500_000, settings: [(4, 1_000_000)])
        server.channel.isWritable = false
        server.channel.pipeline.fireChannelWritabilityChanged()
        server.send(.windowUpdate(0, 1_000_000), .headers(1), .ping())
        let first = server.received()
        #expect(dataByteCount(first) == 0)
        #expect(first.contains { $0.type == FrameType.ping }, "control frames are not held back")
        server.channel.isWritable = true
        server.channel.pipeline.fireChannelWritabilityChanged()
        #expect(dataByteCount(server.received()) == 500_000)
    }

    // MARK: receiving

    @Test func `windows are given back by halves`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.streamWindowByteCount = 100_000
        configuration.connectionWindowByteCount = 200_000
        let server = try TestServer(configuration)
        server.send(.headers(1, endStream: false))
        let chunk = Frame.data(1, [UInt8](repeating: 0, count: 10_000), endStream: false)
        for _ in 0..<4 { server.send(chunk) }
        #expect(server.received().isEmpty)
        server.send(chunk)
        #expect(server.received() == [.windowUpdate(1, 50_000)])
        for _ in 0..<5 { server.send(chunk) }
        #expect(server.received() == [.windowUpdate(0, 100_000), .windowUpdate(1, 50_000)])
    }

    @Test func `padding counts`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.streamWindowByteCount = 65_535
        let server = try TestServer(configuration)
        server.send(.headers(1, endStream: false))
        for _ in 0..<128 { server.send(.padded(.data(1, [], endStream: false), 255)) }
        #expect(server.received() == [.windowUpdate(1, 32_768)])
    }

    @Test func `a stream that exceeds its window is reset`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.streamWindowByteCount = 65_535
        let server = try TestServer(configuration)
        server.send(.headers(1, endStream: false))
        server.send(.data(1, [UInt8](repeating: 0, count: 65_536), endStream: false), .ping())
        #expect(server.received() == [.reset(1, .flowControlError), .ping(ack: true)])
    }

    @Test func `a connection that exceeds its window ends`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.connectionWindowByteCount = 65_535
        let server = try TestServer(configuration)
        server.send(.headers(1, endStream: false))
        server.send(.data(1, [UInt8](repeating: 0, count: 65_536), endStream: false))
        #expect(server.received().last?.errorCode == .flowControlError)
    }

    @Test func `the connection's window is given back for what is thrown away`() throws {
        var configuration = HTTP2ServerConfiguration()
        configuration.connectionWindowByteCount = 100_000
        let server = try TestServer(configuration)
        server.application.onOpen = { $0.reset(code: 8) }
        server.send(.headers(1, endStream: false))
        for _ in 0..<10 { server.send(.data(1, [UInt8](repeating: 0, count: 10_000), endStream: false)) }
        let updates = server.received().filter { $0.type == FrameType.windowUpdate }
        #expect(updates == [.windowUpdate(0, 50_000), .windowUpdate(0, 50_000)])
    }
}
