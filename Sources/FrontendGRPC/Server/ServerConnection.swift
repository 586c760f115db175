import HTTP2Server
import NIOCore

/// An accepted connection as the server's shutdown sees it.
final class ServerConnection: @unchecked Sendable {
    // Sendable: `grpc` and `http2` are touched on the channel's event loop only.
    let channel: any Channel
    private let grpc: GRPCConnection
    private let http2: HTTP2ConnectionHandler

    init(channel: any Channel, grpc: GRPCConnection, http2: HTTP2ConnectionHandler) {
        self.channel = channel
        self.grpc = grpc
        self.http2 = http2
    }

    /// Takes no new calls and closes when those in flight are answered. Any thread.
    func beginDraining() {
        channel.eventLoop.execute {
            self.grpc.beginDraining()
            self.http2.beginGracefulShutdown()
        }
    }

    /// Why this side ended the connection, if it did for a fault of the peer. On the event loop.
    var failureReason: String? { http2.failureReason }

    /// Closes with whatever is still going on. Any thread.
    func close() { channel.close(promise: nil) }
}
