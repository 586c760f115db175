import HTTP2Server
import NIOCore
import Synchronization

/// The open connections, for a graceful end.
final class ConnectionList: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        channels.withLock { $0[key] = channel }
        channel.closeFuture.whenComplete { _ in self.channels.withLock { $0[key] = nil } }
    }

    /// Tells all of them to finish, and waits until they have.
    func shutDown() {
        let open = channels.withLock { Array($0.values) }
        for channel in open {
            channel.eventLoop.execute {
                let handler = try? channel.pipeline.syncOperations.handler(type: HTTP2ConnectionHandler.self)
                handler?.beginGracefulShutdown()
            }
        }
        for channel in open { try? channel.closeFuture.wait() }
    }
}
