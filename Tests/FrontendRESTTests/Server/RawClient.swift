import NIOCore
import NIOPosix

/// A plain TCP connection of a test: sends bytes as they are and waits for bytes.
final class RawClient: Sendable {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    init(port: Int, group: any EventLoopGroup) async throws {
        channel = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                }
            }
    }

    /// Sends `parts` one after the other and returns all that comes back until the server ends the connection.
    func exchange(_ parts: [String], finishesOutput: Bool = false) async throws -> String {
        try await exchange(parts.map { Array($0.utf8) }, finishesOutput: finishesOutput)
    }

    func exchange(_ parts: [[UInt8]], finishesOutput: Bool = false) async throws -> String {
        try await channel.executeThenClose { inbound, outbound in
            for part in parts { try await outbound.write(ByteBuffer(bytes: part)) }
            if finishesOutput { outbound.finish() }
            var received = ByteBuffer()
            for try await var bytes in inbound { received.writeBuffer(&bytes) }
            return String(buffer: received)
        }
    }
}
