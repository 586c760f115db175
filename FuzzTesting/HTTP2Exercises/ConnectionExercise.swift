import HTTP2Server
import NIOCore

/// What fuzz-http2 does with an input, and the tests with its corpus.
///
/// The first byte chooses how the rest reaches a connection: bit 0 wraps pieces in frames, bit 1 leaves the preface
/// and SETTINGS to the input, bits 2 to 4 choose the size of reads, bit 5 starts a graceful shutdown half-way.
package enum ConnectionExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        guard let mode = input.first else { return }
        var wire = ByteBuffer()
        if mode & 2 == 0 {
            wire.writeString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            wire.writeBytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
        }
        let rest = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        if mode & 1 == 0 { wire.writeBytes(rest) } else { writeFrames(rest, to: &wire) }
        feed(wire, readSize: [1, 7, 9, 64, 333, 1024, 16_384, 65_536][Int(mode >> 2 & 7)], drains: mode & 32 != 0)
    }

    /// Five bytes say what a frame is like: type, flags, stream, and the length of its payload, which follows.
    private static func writeFrames(_ input: UnsafeRawBufferPointer, to wire: inout ByteBuffer) {
        var rest = input[...]
        while rest.count >= 5 {
            let head = Array(rest.prefix(5))
            let payload = rest.dropFirst(5).prefix(Int(head[3]) << 8 | Int(head[4]))
            rest = rest.dropFirst(5 + payload.count)
            wire.writeInteger(UInt32(payload.count) << 8 | UInt32(head[0] % 12))
            wire.writeInteger(head[1])
            wire.writeInteger(UInt32(head[2]))
            wire.writeBytes(payload)
        }
    }

    private static func feed(_ wire: ByteBuffer, readSize: Int, drains: Bool) {
        var configuration = HTTP2ServerConfiguration()
        configuration.maximumConcurrentStreams = 8
        configuration.maximumBufferedBodyByteCount = 100_000
        configuration.idleTimeout = .seconds(3)
        configuration.keepaliveInterval = .seconds(2)
        let application = ExerciseHandler()
        let connection = HTTP2Connection(configuration: configuration, handler: application)
        var rest = wire
        var reads = 0
        while let piece = rest.readSlice(length: min(readSize, rest.readableBytes)), piece.readableBytes > 0 {
            connection.receive(piece)
            application.answerLate()
            take(from: connection)
            reads += 1
            if reads % 64 == 0 { connection.tick(transportIsBlocked: reads % 128 == 0) }
            if drains, rest.readableBytes < wire.readableBytes / 2 { connection.beginGracefulShutdown() }
        }
        connection.transportClosed()
        application.checkThatAllEnded()
    }

    /// Whatever comes out has to be whole frames.
    private static func take(from connection: HTTP2Connection) {
        connection.produceOutput(1 << 16)
        var output = ByteBuffer()
        connection.drainOutput { output.writeImmutableBuffer($0) }
        if output.readableBytesView.starts(with: "HTTP/1.1".utf8) { return }
        while output.readableBytes > 0 {
            guard let start = output.readInteger(as: UInt32.self), start & 0xff <= 9,
                output.readSlice(length: 5 + Int(start >> 8)) != nil
            else { preconditionFailure("the output is not made of frames") }
        }
    }
}
