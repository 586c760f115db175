import NIOCore
import ServingPrimitives

/// One response: the body is written first, then the head right in front of it in the same buffer, when the body's
/// length is known.
struct HTTPResponse {
    /// What the body is.
    enum Content {
        case json
        case html
        /// The metrics page.
        case plainText
        /// Parts of the console.
        case page
        case script
        case style
        case image
        /// No `Content-Type`; the body is empty.
        case none
    }

    /// Bytes kept free in front of the body: more than any head we write.
    static let headRoom = 448
    /// The same for the console's parts, whose heads say what browsers may do with them.
    static let pageHeadRoom = 1024

    var status: HTTPStatus
    var content: Content
    /// What the answer is counted as.
    var code = CanonicalCode.ok
    /// What went wrong, for those who tell of requests.
    var error = ""
    /// When the request has a chance again, if that is known.
    var retryAfterNanoseconds: UInt64?
    /// Only the body may be written to, by appending.
    var buffer: ByteBuffer

    /// - Parameter expectedByteCount: of the body.
    init(
        status: HTTPStatus = .ok,
        content: Content = .json,
        expectedByteCount: Int = 256,
        allocator: ByteBufferAllocator
    ) {
        self.status = status
        self.content = content
        let room = content.policy == nil ? Self.headRoom : Self.pageHeadRoom
        buffer = allocator.buffer(capacity: room + expectedByteCount)
        buffer.moveWriterIndex(to: room)
        buffer.moveReaderIndex(to: room)
    }

    /// What the head says besides the status and the content.
    struct Options {
        /// `Sat, 21 Nov 2026 11:05:00 GMT`.
        var date: [UInt8]
        var closes = false
        var hasCORSFields = false
        /// The answer to a HEAD request: says how long the body would be and has none.
        var omitsBody = false
    }

    /// The whole response as it goes to the socket.
    consuming func serialized(_ options: Options) -> ByteBuffer {
        var buffer = buffer
        let bodyStart = buffer.readerIndex
        let length = buffer.readableBytes
        if options.omitsBody { buffer.moveWriterIndex(to: bodyStart) }
        let (status, content, retry) = (status, content, retryAfterNanoseconds)
        let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bodyStart) { room in
            var head = HeadText(room: room)
            head.append("HTTP/1.1 ")
            head.append(number: status.code)
            head.append(" ")
            head.append(status.reason)
            switch content {
            case .json: head.append("\r\nContent-Type: application/json\r\nDate: ")
            case .html: head.append("\r\nContent-Type: text/html\r\nDate: ")
            case .plainText: head.append("\r\nContent-Type: text/plain\r\nDate: ")
            case .page: head.append("\r\nContent-Type: text/html; charset=utf-8\r\nDate: ")
            case .script: head.append("\r\nContent-Type: text/javascript; charset=utf-8\r\nDate: ")
            case .style: head.append("\r\nContent-Type: text/css; charset=utf-8\r\nDate: ")
            case .image: head.append("\r\nContent-Type: image/svg+xml\r\nDate: ")
            case .none: head.append("\r\nDate: ")
            }
            head.append(options.date)
            if let policy = content.policy { head.append(policy) }
            head.append("\r\nContent-Length: ")
            head.append(number: length)
            if let retry {
                // Whole seconds for everyone (RFC 9110, section 10.2.3), and what is meant for those who can do better.
                head.append("\r\nRetry-After: ")
                head.append(number: Int(clamping: (retry - min(retry, 1)) / 1_000_000_000 + 1))
                head.append("\r\nRetry-After-Ms: ")
                head.append(number: Int(clamping: (retry - min(retry, 1)) / 1_000_000 + 1))
            }
            if status.code == 401 { head.append("\r\nWWW-Authenticate: Bearer") }
            if options.closes { head.append("\r\nConnection: close") }
            if options.hasCORSFields {
                head.append("\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: POST, GET")
                head.append("\r\nAccess-Control-Allow-Headers: Content-Type")
            }
            head.append("\r\n\r\n")
            buffer.setBytes(
                UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<head.count]),
                at: bodyStart - head.count
            )
            return head.count
        }
        buffer.moveReaderIndex(to: bodyStart - count)
        return buffer
    }
}

extension HTTPResponse.Content {
    /// Header fields that keep a browser from taking anything from elsewhere, running what is not the console's script,
    /// showing the page inside of another, and keeping what the next version of the server does otherwise.
    fileprivate var policy: StaticString? {
        switch self {
        case .json, .html, .plainText, .none: nil
        case .page, .script, .style, .image:
            """
            \r\nContent-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; \
            img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\
            \r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-cache
            """
        }
    }
}

/// Text of a response head while it is put together. Never longer than the response's room: all its parts are ours.
private struct HeadText {
    let room: UnsafeMutableBufferPointer<UInt8>
    var count = 0

    init(room: UnsafeMutableBufferPointer<UInt8>) { self.room = room }

    mutating func append(_ text: StaticString) {
        append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append($0) } }

    mutating func append(number: Int) {
        precondition(count + IntegerWriter.maximumLength <= room.count, "a response head outgrew its room")
        // The room is not empty.
        let start = room.baseAddress! + count
        count += IntegerWriter.write(UInt64(number), to: start) - start
    }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        precondition(count + bytes.count <= room.count, "a response head outgrew its room")
        for index in 0..<bytes.count { room[count + index] = bytes[index] }
        count += bytes.count
    }
}
