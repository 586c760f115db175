public import NIOCore

/// Serves HTTP/2 and HTTP/1.1 on one port: looks at a connection's first bytes, which are HTTP/2's preface or not.
public final class ProtocolChoice: ChannelInboundHandler, RemovableChannelHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer

    /// No method of HTTP/1.1 begins like this.
    private static let preface = Array("PRI * ".utf8)
    /// Time for the first bytes.
    private static let patience = TimeAmount.seconds(20)

    private let choose: (_ isHTTP2: Bool, any Channel) throws -> Void
    private var received = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var isDecided = false

    /// - Parameter choose: adds the handlers of the protocol to the end of the pipeline. On the event loop.
    public init(_ choose: @escaping (_ isHTTP2: Bool, any Channel) throws -> Void) { self.choose = choose }

    public func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }

    public func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    public func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDecided else { return context.fireChannelRead(data) }
        received.writeImmutableBuffer(unwrapInboundIn(data))
        let start = received.readableBytesView.prefix(Self.preface.count)
        let isLike = start.elementsEqual(Self.preface.prefix(start.count))
        if isLike, start.count < Self.preface.count { return }
        isDecided = true
        timer?.cancel()
        do {
            try choose(isLike, context.channel)
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(wrapInboundOut(received))
        received = ByteBuffer()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isDecided { context.fireErrorCaught(error) } else { context.close(promise: nil) }
    }
}
