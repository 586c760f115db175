import EventLoopSupport
import NIOCore
import NIOPosix
import ServingPrimitives

extension RESTResponder {
    /// Compressed bodies above this size are decompressed on another thread (about 100 µs of work).
    static let inlineDecompressionLimit = 16 << 10

    /// Bodies above this size are read on another thread (about 300 µs of work).
    static let inlineReadingLimit = 256 << 10

    /// Calls `body` with the decompressed body of a request: at once, or on the event loop later.
    func withDecompressed(
        _ sent: ByteBuffer,
        _ call: RESTCall,
        _ body: @escaping @Sendable (RequestBody) -> Void
    ) {
        let claim = MemoryClaim(bodyMemory)
        let decompress = { @Sendable in
            Result { () throws(ServingError) in try GzipBody.decompress(sent, claim: claim) }
        }
        let proceed = { @Sendable (result: Result<ByteBuffer, ServingError>) in
            switch result {
            case .success(let decompressed): body(RequestBody(bytes: decompressed, claim: claim))
            case .failure(let error): call.fail(error)
            }
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
    /// Reads a body, at once or, when that takes long, on another thread: other connections of the event loop would have
    /// to wait.
    ///
    /// - Parameter proceed: called on the event loop, unless the client left meanwhile.
    func read<Value: Sendable>(
        _ body: RequestBody,
        _ call: RESTCall,
        _ read: @escaping @Sendable (UnsafeRawBufferPointer) throws(ServingError) -> Value,
        then proceed: @escaping @Sendable (Result<Value, ServingError>) -> Void
    ) {
        guard body.bytes.readableBytes > Self.inlineReadingLimit else { return proceed(body.read(read)) }
        call.handler.beginReadingBody()
        NIOThreadPool.singleton.submit { _ in
            let result = body.read(read)
            call.loop.mailbox.post {
                if call.handler.isOpen(call.number) { proceed(result) }
                call.handler.endReadingBody()
            }
        }
    }
}

/// A request's body as it is to be read.
struct RequestBody: Sendable {
    let bytes: ByteBuffer
    /// What it takes of the memory for decompressed bodies, until it has been read.
    var claim: MemoryClaim?

    func read<Value>(
        _ body: (UnsafeRawBufferPointer) throws(ServingError) -> Value
    ) -> Result<Value, ServingError> {
        defer { withExtendedLifetime(claim) {} }
        return Result { () throws(ServingError) in try bytes.withUnsafeReadableBytes(body) }
    }
}
