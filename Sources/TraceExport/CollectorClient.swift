import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServingPrimitives

/// Sends one body to a collector, on a connection of its own: there is one every few seconds at most.
struct CollectorClient: Sendable {
    let address: CollectorAddress
    let group: any EventLoopGroup
    /// From the first step to the status of the answer.
    let timeout: TimeAmount
    private let tls: NIOSSLContext?

    /// - Throws: why TLS cannot be used.
    init(
        _ address: CollectorAddress,
        credentials: CollectorCredentials,
        group: any EventLoopGroup,
        timeout: TimeAmount
    ) throws(ServingError) {
        self.address = address
        self.group = group
        self.timeout = timeout
        tls = address.usesTLS ? try credentials.makeContext() : nil
    }

    /// Blocks until the collector has answered: not on an event loop.
    ///
    /// - Returns: the status of its answer.
    /// - Throws: why there is none.
    func post(_ body: [UInt8]) throws -> Int {
        let loop = group.next()
        let status = loop.makePromise(of: Int.self)
        let timer = loop.scheduleTask(in: timeout) {
            status.fail(ServingError.deadlineExceeded("the collector did not answer in time"))
        }
        let connected = ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(try makeTLSHandler(tls)) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(ExchangeHandler(request: head(body.count), body: body, status: status))
                }
            }
            .connect(host: address.host, port: address.port)
        connected.whenFailure { status.fail($0) }
        defer {
            timer.cancel()
            connected.whenSuccess { $0.close(promise: nil) }
        }
        return try status.futureResult.wait()
    }

    private func makeTLSHandler(_ context: NIOSSLContext) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: address.host, port: address.port)) != nil
        // Names of servers are names, says TLS.
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : address.host)
    }

    private func head(_ byteCount: Int) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: address.path)
        head.headers.add(name: "host", value: address.authority)
        head.headers.add(name: "content-type", value: "application/x-protobuf")
        head.headers.add(name: "content-length", value: String(byteCount))
        head.headers.add(name: "user-agent", value: "apus")
        head.headers.add(name: "connection", value: "close")
        return head
    }
}

/// One request and the status of its answer; the rest of the answer does not matter.
private final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let body: [UInt8]
    private let status: EventLoopPromise<Int>

    init(request: HTTPRequestHead, body: [UInt8], status: EventLoopPromise<Int>) {
        self.request = request
        self.body = body
        self.status = status
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) { status.succeed(Int(head.status.code)) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        status.fail(ServingError.unavailable("the collector closed the connection without an answer"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        status.fail(error)
        context.close(promise: nil)
    }
}
