import CStoreLibraries
import ServingPrimitives

/// libcurl's handle for one request after the other, over connections that stay open. For one thread at a time.
final class HTTPConnection {
    /// What a transfer is given up after.
    struct Limits: Sendable, Hashable {
        var connectMilliseconds = 10_000
        /// Without a byte.
        var stallSeconds = 20
        /// Of a whole request; 0 is no limit.
        var totalMilliseconds = 0
    }

    struct Settings: Sendable, Hashable {
        var limits = Limits()
        /// A file with certificates in place of the system's.
        var certificates: String?
    }

    /// How a transfer ended that brought no answer.
    struct Failure: Error, Hashable {
        /// Another try may be better.
        var isTransient: Bool
        var message: String
    }

    private let handle: UnsafeMutableRawPointer
    private let settings: Settings

    /// - Throws: `FAILED_PRECONDITION` when libcurl is not there.
    init(_ settings: Settings) throws(ServingError) {
        try StoreLibrary.curl.open()
        guard let handle = cst_http_open() else {
            throw ServingError(.resourceExhausted, "libcurl could not make a handle")
        }
        self.handle = handle
        self.settings = settings
    }

    deinit { cst_http_close(handle) }

    /// What libcurl's calls find by their context.
    private struct Transfer {
        var head = HTTPResponseHead()
        var body: (HTTPResponseHead, UnsafeRawBufferPointer) -> Bool
        var isCancelled: () -> Bool
        var wasRefused = false
    }

    /// Makes a request, and hands out its body as it comes. Blocks.
    ///
    /// - Parameters:
    ///   - isCancelled: asked again and again; `true` ends the transfer.
    ///   - body: takes a part, with the header that came before it; `false` ends the transfer.
    func perform(
        _ request: HTTPRequest,
        limits: Limits? = nil,
        isCancelled: @escaping () -> Bool = { false },
        body: @escaping (HTTPResponseHead, UnsafeRawBufferPointer) -> Bool
    ) throws(Failure) -> HTTPResponseHead {
        var transfer = Transfer(body: body, isCancelled: isCancelled)
        var outcome = cst_outcome()
        withCRequest(request, limits ?? settings.limits, &transfer) { cst_http_perform(handle, &$0, &outcome) }
        if Int(outcome.code) == cst_ok { return transfer.head }
        // Whoever refused the body knows why.
        if transfer.wasRefused { return transfer.head }
        let message = withUnsafeBytes(of: &outcome.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let isFinal = [cst_unsupported, cst_bad_certificate].contains(Int(outcome.code))
        throw Failure(isTransient: !isFinal, message: message)
    }

    private func withCRequest(
        _ request: HTTPRequest,
        _ limits: Limits,
        _ transfer: inout Transfer,
        _ body: (inout cst_request) -> Void
    ) {
        let strings = CStrings()
        var target = cst_request()
        target.url = strings.add(request.url)
        target.method = request.method.map { strings.add($0) }
        target.range = request.range.map { strings.add("\($0.lowerBound)-\($0.upperBound)") }
        target.signature = request.signing.map { strings.add("aws:amz:\($0.region):\($0.service)") }
        target.user = request.signing.map { strings.add("\($0.keyID):\($0.secret)") }
        target.certificates = settings.certificates.map { strings.add($0) }
        target.netrc = request.netrc.map { strings.add($0) }
        target.follows_redirects = request.followsRedirects
        target.skips_verification = request.skipsVerification
        target.connect_timeout_ms = limits.connectMilliseconds
        target.stall_timeout_s = limits.stallSeconds
        target.timeout_ms = limits.totalMilliseconds
        target.on_header = { context, bytes, count in
            context?.assumingMemoryBound(to: Transfer.self).pointee.head.take(
                UnsafeRawBufferPointer(start: bytes, count: count)
            )
        }
        target.on_body = { context, bytes, count in
            guard let transfer = context?.assumingMemoryBound(to: Transfer.self) else { return 0 }
            let part = UnsafeRawBufferPointer(start: bytes, count: count)
            if transfer.pointee.body(transfer.pointee.head, part) { return count }
            transfer.pointee.wasRefused = true
            return 0
        }
        target.is_cancelled = { context in
            context?.assumingMemoryBound(to: Transfer.self).pointee.isCancelled() ?? true
        }
        let headers = request.headers.map { strings.add("\($0.name): \($0.value)") as UnsafePointer<CChar>? }
        withUnsafeMutablePointer(to: &transfer) { transfer in
            target.context = UnsafeMutableRawPointer(transfer)
            headers.withUnsafeBufferPointer { headers in
                target.headers = headers.baseAddress
                target.header_count = headers.count
                guard let content = request.body else { return body(&target) }
                content.withUnsafeBytes { content in
                    target.body = content.baseAddress
                    target.body_size = content.count
                    body(&target)
                }
            }
        }
        withExtendedLifetime(strings) {}
    }
}

/// Texts as C wants them, alive as long as this.
private final class CStrings {
    private var pointers: [UnsafeMutablePointer<CChar>] = []

    func add(_ text: String) -> UnsafePointer<CChar> {
        let bytes = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for (index, byte) in bytes.enumerated() { copy[index] = byte }
        pointers.append(copy)
        return UnsafePointer(copy)
    }

    deinit { for pointer in pointers { pointer.deallocate() } }
}
