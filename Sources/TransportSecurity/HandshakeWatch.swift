import NIOCore
import NIOSSL
import NIOTLS

/// Sits behind the TLS handler of a connection until the handshake is done: bounds its time and notes its failure.
final class HandshakeWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let timeout: TimeAmount
    private let failures: HandshakeFailures
    private var timer: Scheduled<Void>?
    private var isNoted = false

    init(timeout: TimeAmount, failures: HandshakeFailures) {
        self.timeout = timeout
        self.failures = failures
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.value.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            self.timer = nil
            self.note(context.value, "it took too long")
            context.value.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        guard case .some(.handshakeCompleted) = event as? TLSUserEvent else { return }
        isNoted = true
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])) = error {
            noteQuietly()
        } else {
            note(context, "\(error)")
        }
        context.fireErrorCaught(error)
    }

    private func noteQuietly() {
        guard !isNoted else { return }
        isNoted = true
        failures.addQuietly()
    }

    private func note(_ context: ChannelHandlerContext, _ reason: String) {
        guard !isNoted else { return }
        isNoted = true
        failures.add(peer: context.remoteAddress?.description ?? "unknown", reason: reason)
    }
}
