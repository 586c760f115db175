import EventLoopSupport
import NIOCore
import NIOPosix
import ServingPrimitives

extension RESTResponder {
    /// Compressed bodies above this size are decompressed on another thread (about 100 µs of work).
    static let inlineDecompressionLimit = 16 << 10

    /// Calls `body` with the request's body, decompressed if it has to be: at once, or on the event loop later.
    func withBody(
        _ head: HTTP1RequestHead,
        _ sent: ByteBuffer,
        _ call: RESTCall,
        _ body: @escaping @Sendable (ByteBuffer) -> Void
    ) {
        guard head.isGzip else { return body(sent) }
        let claim = MemoryClaim(bodyMemory)
        let decompress = { @Sendable in
            Result { () throws(ServingError) in try GzipBody.decompress(sent, claim: claim) }
        }
        let proceed = { @Sendable (result: Result<ByteBuffer, ServingError>) in
            switch result {
            case .success(let decompressed): body(decompressed)
            case .failure(let error): call.fail(error)
            }
            // The memory is the request's until it was read.
            withExtendedLifetime(claim) {}
        }
        guard sent.readableBytes > Self.inlineDecompressionLimit else { return proceed(decompress()) }
        NIOThreadPool.singleton.submit { _ in
            let result = decompress()
            call.loop.mailbox.post {
                // A client that left meanwhile wants no answer.
                if call.handler.isOpen(call.number) { proceed(result) }
            }
        }
    }
}
