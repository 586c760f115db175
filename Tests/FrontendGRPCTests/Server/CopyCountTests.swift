import Batching
import EngineInterface
import FoundationEssentials
import Inference
import NIOCore
import NIOEmbedded
import Servables
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Synchronization
import Tensors
import Testing

@testable import FrontendGRPC
@testable import HTTP2Server

/// How often the bytes of a large tensor are copied between the socket's read buffer and the engine.
///
/// The meter follows the request's memory on its way: after each read it looks where the body collected so far lies.
/// New bytes outside the read buffer were copied there once; a body that moved was copied again. In the end it compares
/// where the body lies with where the engine found its tensor.
struct CopyCountTests {
    private static let valueCount = 224 * 224 * 3

    /// Where an engine saw its input.
    private final class SeenInput: Sendable {
        let range = Mutex<Range<Int>>(0..<0)

        func note(_ tensor: Tensor) {
            let seen = tensor.withUnsafeBytes { addresses(of: $0) }
            range.withLock { $0 = seen }
        }

        var model: FakeModel {
            let parameter = Signature.Parameter(name: "x", elementType: .float32, shape: nil, tensorName: "x:0")
            let signature = Signature(
                name: "serving_default",
                methodName: "tensorflow/serving/predict",
                inputs: [parameter],
                outputs: [parameter]
            )
            return FakeModel(signatures: [signature]) { [self] (request) throws(ServingError) -> [Tensor] in
                note(request.inputs[0])
                return request.inputs
            }
        }
    }

    @Test(arguments: [16_384, 300_000], [false, true])
    func `a 602 kB tensor is copied once, to where the engine reads it in place`(
        _ frameByteCount: Int,
        _ usesContent: Bool
    ) async throws {
        let seen = SeenInput()
        let serving = TestServing(["m": seen.model], threadCount: 0)
        await serving.serve("m", 1)
        let meter = try feed(try request(usesContent), frameByteCount: frameByteCount, serving)
        let tensor = seen.range.withLock { $0 }
        #expect(tensor.count == 4 * Self.valueCount)
        #expect(meter.body.contains(tensor), "the engine reads the body's own memory")
        #expect(tensor.lowerBound % 64 == 0, "aligned, so that the engine needs no copy of its own")
        #expect(meter.copiedByteCount >= tensor.count, "a meter that counts nothing proves nothing")
        #expect(meter.copiedByteCount <= meter.body.count)
    }

    private func request(_ usesContent: Bool) throws -> [UInt8] {
        let values = (0..<Self.valueCount).map { Float($0) }
        return try predictRequest(values) { request in
            guard usesContent else { return }
            request.inputs["x"]?.floatVal = []
            request.inputs["x"]?.tensorContent = values.withUnsafeBytes { .init($0) }
        }
    }

    /// Sends a call to a connection in reads of at most 64 KiB, each with memory of its own.
    private func feed(_ message: [UInt8], frameByteCount: Int, _ serving: TestServing) throws -> CopyMeter {
        let channel = EmbeddedChannel()
        let connection = GRPCConnection(
            loop: GRPCEventLoop(channel.eventLoop, telemetry: serving.inference.telemetry),
            services: serving.services()
        )
        let meter = CopyMeter(connection)
        try channel.pipeline.syncOperations.addHandler(HTTP2ConnectionHandler(requestHandler: meter))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        var rest = clientBytes(message, frameByteCount: frameByteCount)[...]
        while !rest.isEmpty {
            let read = ByteBuffer(bytes: rest.prefix(65_536))
            rest = rest.dropFirst(65_536)
            try channel.writeInbound(read)
            meter.look(read)
        }
        channel.embeddedEventLoop.run()
        #expect(serving.scheduler.runDueBatch())
        _ = try? channel.finish()
        return meter
    }

    private func clientBytes(_ message: [UInt8], frameByteCount: Int) -> [UInt8] {
        var bytes = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        bytes.writeImmutableBuffer(frame(FrameHeader(length: 0, type: FrameType.settings), []))
        let block = encodeHeaderBlock([
            HTTP2HeaderField(":method", "POST"), HTTP2HeaderField(":scheme", "http"),
            HTTP2HeaderField(":path", GRPCMethod.predict.rawValue), HTTP2HeaderField(":authority", "test"),
            HTTP2HeaderField("content-type", "application/grpc"),
        ])
        bytes.writeImmutableBuffer(
            frame(FrameHeader(length: block.count, type: FrameType.headers, flags: 0x4, streamID: 1), block)
        )
        var rest = framed(message)[...]
        while !rest.isEmpty {
            let piece = rest.prefix(frameByteCount)
            rest = rest.dropFirst(frameByteCount)
            let flags: UInt8 = rest.isEmpty ? 1 : 0
            bytes.writeImmutableBuffer(
                frame(FrameHeader(length: piece.count, type: FrameType.data, flags: flags, streamID: 1), piece)
            )
        }
        return Array(buffer: bytes)
    }
}

private func addresses(of bytes: UnsafeRawBufferPointer) -> Range<Int> {
    let start = Int(bitPattern: bytes.baseAddress)
    return start..<start + bytes.count
}

extension Range where Bound == Int {
    fileprivate func contains(_ other: Range<Int>) -> Bool {
        lowerBound <= other.lowerBound && other.upperBound <= upperBound
    }
}

/// Stands between the HTTP/2 layer and the gRPC layer and watches the memory of a request's body.
private final class CopyMeter: HTTP2RequestHandler {
    private let application: GRPCConnection
    private var stream: HTTP2ServerStream?
    /// Where the body lies: as far as it has come, then the whole.
    private(set) var body = 0..<0
    private(set) var copiedByteCount = 0
    private var isComplete = false

    init(_ application: GRPCConnection) { self.application = application }

    /// Counts what the last read brought about.
    func look(_ read: ByteBuffer) {
        guard !isComplete, let stream else { return }
        // A copy of the value that is gone before the next bytes come: the body stays the only owner of its memory.
        var copy = stream.body
        let bytes = copy.take()
        count(bytes, isSliceOf: read)
    }

    private func count(_ bytes: ByteBuffer, isSliceOf read: ByteBuffer?) {
        let now = bytes.withUnsafeReadableBytes { addresses(of: $0) }
        if let read, read.withUnsafeReadableBytes({ addresses(of: $0) }).contains(now) { return }
        let staysInPlace = now.lowerBound == body.lowerBound
        copiedByteCount += staysInPlace ? now.count - body.count : now.count
        body = now
    }

    func streamOpened(_ stream: HTTP2ServerStream, head: HTTP2RequestHead) -> HTTP2BodyPlan {
        self.stream = stream
        return application.streamOpened(stream, head: head)
    }

    func bodyLayout(_ stream: HTTP2ServerStream, prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout? {
        application.bodyLayout(stream, prefix: prefix)
    }

    func requestReceived(_ stream: HTTP2ServerStream, body: ByteBuffer) {
        count(body, isSliceOf: nil)
        isComplete = true
        application.requestReceived(stream, body: body)
    }

    func bodyRefused(_ stream: HTTP2ServerStream, reason: HTTP2BodyRefusal) {
        application.bodyRefused(stream, reason: reason)
    }

    func streamCancelled(_ stream: HTTP2ServerStream) { application.streamCancelled(stream) }
}
