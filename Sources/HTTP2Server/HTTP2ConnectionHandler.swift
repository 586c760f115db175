public import NIOCore

/// Serves HTTP/2 with prior knowledge on a channel of bytes: a TCP or Unix socket, or what NIOSSL decrypts.
///
/// Place it last in the pipeline. Everything that one read cycle brings about goes out with one flush at its end.
public final class HTTP2ConnectionHandler: ChannelDuplexHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = Never
    public typealias OutboundIn = Never
    public typealias OutboundOut = ByteBuffer

    /// Bytes of waiting responses that are framed at once: what one system call takes.
    private static let outputQuantum = 256 << 10
    /// After so many of them the loop's other connections, and this one's reads, get their turn.
    private static let quantaPerTurn = 4
    private static let continuationDelay = TimeAmount.microseconds(50)
    private static let tickInterval = TimeAmount.seconds(1)
    /// Ticks that the peer has to close its side after we closed ours. Closing at once with input unread would reset
    /// the TCP connection, and the peer could lose our last frames.
    private static let lingerTicks = 2

    private let connection: HTTP2Connection
    private var context: ChannelHandlerContext?
    private var isInReadCycle = false
    private var isReadHeldBack = false
    private var isWritable = true
    private var isFlushing = false
    private var tick: Scheduled<Void>?
    private var lingeredTicks: Int?
    private var isContinuationScheduled = false

    /// `requestHandler` is kept until the channel closes; it belongs to this connection.
    public init(
        configuration: HTTP2ServerConfiguration = HTTP2ServerConfiguration(),
        requestHandler: any HTTP2RequestHandler
    ) {
        connection = HTTP2Connection(configuration: configuration, handler: requestHandler)
    }

    /// Why the connection was ended by this side, for logs; `nil` when it was not, or not for a fault.
    public var failureReason: String? { connection.failure }

    /// Announces the end with GOAWAY, lets requests in flight finish, then closes the channel. On the event loop.
    public func beginGracefulShutdown() {
        connection.beginGracefulShutdown()
        flushRequested()
    }

    // MARK: channel life

    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        connection.driver = self
        if context.channel.isActive { scheduleTick() }
    }

    public func handlerRemoved(context: ChannelHandlerContext) { end() }

    public func channelActive(context: ChannelHandlerContext) {
        scheduleTick()
        context.fireChannelActive()
    }

    public func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func end() {
        context = nil
        tick?.cancel()
        tick = nil
        connection.transportClosed()
    }

    // MARK: reading

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInReadCycle = true
        connection.receive(unwrapInboundIn(data))
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        isInReadCycle = false
        flushOutput(context)
        context.fireChannelReadComplete()
    }

    /// Reads on only while the peer takes our output: it could make us buffer without end otherwise.
    public func read(context: ChannelHandlerContext) {
        if isWritable || connection.isOver {
            context.read()
        } else {
            isReadHeldBack = true
        }
    }

    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            connection.transportTookOutput()
            // First, as a large answer fills the channel again at once: a request that came meanwhile would wait for its end.
            resumeReading(context)
            // A write that is taken at once says so from inside `flushOutput`, whose own loop then goes on.
            if !isInReadCycle, !isFlushing { flushOutput(context) }
        }
        context.fireChannelWritabilityChanged()
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard isReadHeldBack else { return }
        isReadHeldBack = false
        context.read()
    }

    // MARK: writing

    /// Writes what is collected and as much of the waiting responses as the channel takes.
    private func flushOutput(_ context: ChannelHandlerContext) {
        isFlushing = true
        var quanta = 0
        repeat {
            if connection.canProduceOutput, isWritable { connection.produceOutput(Self.outputQuantum) }
            guard connection.hasOutput else { break }
            connection.drainOutput { context.write(wrapOutboundOut($0), promise: nil) }
            context.flush()
            quanta += 1
        } while connection.canProduceOutput && isWritable && quanta < Self.quantaPerTurn
        isFlushing = false
        if connection.canProduceOutput, isWritable { scheduleContinuation(context) }
        if tick == nil { scheduleTick() }
        if connection.isOver { closeOutput(context) }
    }

    /// A moment later, not by `execute`: the loop runs tasks that are due until none is left before it looks at its
    /// sockets again, and a peer that takes everything would keep it from all other requests.
    private func scheduleContinuation(_ context: ChannelHandlerContext) {
        guard !isContinuationScheduled else { return }
        isContinuationScheduled = true
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.continuationDelay) {
            self.isContinuationScheduled = false
            self.flushRequested()
        }
    }

    /// The last frame is written: tells the peer so, and waits a moment for it to close.
    private func closeOutput(_ context: ChannelHandlerContext) {
        guard lingeredTicks == nil else { return }
        lingeredTicks = 0
        resumeReading(context)
        context.close(mode: .output, promise: nil)
    }

    // MARK: time

    private func scheduleTick() {
        guard tick == nil, let context else { return }
        guard connection.needsTicks || connection.isOver || !isWritable else { return }
        tick = context.eventLoop.assumeIsolated().scheduleTask(in: Self.tickInterval) { self.tickPassed() }
    }

    private func tickPassed() {
        tick = nil
        guard let context else { return }
        if let lingered = lingeredTicks {
            lingeredTicks = lingered + 1
            if lingered + 1 >= Self.lingerTicks { return context.close(promise: nil) }
        }
        connection.tick(transportIsBlocked: !isWritable)
        flushOutput(context)
    }
}

extension HTTP2ConnectionHandler: HTTP2ConnectionDriver {
    package var now: NIODeadline { context?.eventLoop.now ?? .now() }

    package func flushRequested() {
        guard !isInReadCycle, let context else { return }
        flushOutput(context)
    }
}
