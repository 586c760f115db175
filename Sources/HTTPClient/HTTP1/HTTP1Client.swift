/// The client's half of an HTTP/1.1 keep-alive connection (RFC 9112): one request after the other.
package final class HTTP1Client: ProtocolClient {
    private enum State {
        case idle
        case head
        /// Bytes that are still to come.
        case body(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailer
        case untilClose
    }

    private static let headLimit = 64 << 10
    private static let lineLimit = 8 << 10

    private var state = State.idle
    private var token = -1
    private var head = HTTP1AnswerHead()
    /// A head or a line that came in part.
    private var partial: [UInt8] = []
    private var body: [UInt8] = []

    package override var inFlight: Int { token >= 0 ? 1 : 0 }
    package override var canSend: Bool { token < 0 && !isFinishing }

    package override func send(_ request: PreparedRequest, token: Int) -> UInt32 {
        self.token = token
        state = .head
        output.append(staying: request.http1)
        return 0
    }

    /// There is no taking back of a request: the connection ends with it.
    package override func cancel(_ handle: UInt32) -> Bool {
        token = -1
        isFinishing = true
        return false
    }

    package override func failAll(_ reason: BrokenAnswer) {
        if token >= 0 { answer(.broken(reason), UnsafeRawBufferPointer(start: nil, count: 0)) }
    }

    package override func peerClosed() {
        guard case .untilClose = state, token >= 0 else { return }
        let body = body
        body.withUnsafeBytes { answer(.http(head.status), $0) }
    }

    private func answer(_ kind: Answer.Kind, _ bytes: UnsafeRawBufferPointer) {
        let token = token
        self.token = -1
        state = .idle
        if head.closes { isFinishing = true }
        receiver.answered(token, Answer(kind: kind, body: bytes))
    }

    private func answerWithBody() {
        // Out of the member: `answered` may send the next request.
        let whole = body
        body.removeAll(keepingCapacity: whole.count < 1 << 20)
        whole.withUnsafeBytes { answer(.http(head.status), $0) }
    }

    // MARK: Receiving

    package override func receive(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) {
        guard !partial.isEmpty else { return try read(bytes) }
        let joined = partial + bytes
        partial.removeAll(keepingCapacity: true)
        var fault: ProtocolFault?
        joined.withUnsafeBytes { joined in
            do throws(ProtocolFault) { try read(joined) } catch { fault = error }
        }
        if let fault { throw fault }
    }

    private func read(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) {
        var rest = bytes
        while rest.count > 0 {
            guard let used = try step(rest) else {
                partial.append(contentsOf: rest)
                return
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[used...])
        }
    }

    /// Takes what it can from the front and says how much; `nil` when it needs more bytes.
    private func step(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) -> Int? {
        switch state {
        case .idle: throw ProtocolFault("an answer came to no request")
        case .head: return try readHead(bytes)
        case .body(let missing): return try readBody(bytes, missing)
        case .chunkSize: return try readChunkSize(bytes)
        case .chunk(let missing):
            let count = min(missing, bytes.count)
            try keep(bytes[..<count])
            state = count == missing ? .chunkEnd : .chunk(missing - count)
            return count
        case .chunkEnd:
            guard bytes.count >= 2 else { return nil }
            guard bytes[0] == 0x0d, bytes[1] == 0x0a else { throw ProtocolFault("a chunk does not end in CR LF") }
            state = .chunkSize
            return 2
        case .trailer:
            guard let end = try lineEnd(bytes) else { return nil }
            if end.length == 0 { answerWithBody() }
            return end.next
        case .untilClose:
            try keep(bytes[...])
            return bytes.count
        }
    }

    private func readHead(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) -> Int? {
        guard let length = HTTP1AnswerHead.length(in: bytes) else {
            guard bytes.count <= Self.headLimit else { throw ProtocolFault("an answer's head is too long") }
            return nil
        }
        head = try HTTP1AnswerHead(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        // 1xx are announcements; the answer follows.
        if head.status < 200 { return length }
        body.removeAll(keepingCapacity: true)
        switch head.framing {
        case .none: answer(.http(head.status), UnsafeRawBufferPointer(start: nil, count: 0))
        case .length(let count):
            guard count <= HTTP2Client.answerLimit else { throw ProtocolFault("an answer is too large") }
            let available = bytes.count - length
            guard available >= count else {
                state = .body(count)
                return length
            }
            answer(.http(head.status), UnsafeRawBufferPointer(rebasing: bytes[length..<(length + count)]))
            return length + count
        case .chunked: state = .chunkSize
        case .untilClose: state = .untilClose
        }
        return length
    }

    private func readBody(_ bytes: UnsafeRawBufferPointer, _ missing: Int) throws(ProtocolFault) -> Int {
        let count = min(missing, bytes.count)
        try keep(bytes[..<count])
        if count == missing { answerWithBody() } else { state = .body(missing - count) }
        return count
    }

    private func readChunkSize(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) -> Int? {
        guard let end = try lineEnd(bytes) else { return nil }
        var size = 0
        var digits = 0
        for byte in bytes[..<end.length] {
            guard let digit = Self.hexDigit(byte) else {
                // Extensions follow a semicolon.
                guard byte == UInt8(ascii: ";") || byte == 0x20, digits > 0 else {
                    throw ProtocolFault("a chunk's size is not a number")
                }
                break
            }
            size = size << 4 | digit
            digits += 1
            guard size <= HTTP2Client.answerLimit else { throw ProtocolFault("an answer is too large") }
        }
        guard digits > 0 else { throw ProtocolFault("a chunk's size is not a number") }
        state = size == 0 ? .trailer : .chunk(size)
        return end.next
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    /// Length of the line at the front without its end, and where the next one begins.
    private func lineEnd(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) -> (length: Int, next: Int)? {
        guard let feed = bytes.firstIndex(of: 0x0a) else {
            guard bytes.count <= Self.lineLimit else { throw ProtocolFault("a line of an answer is too long") }
            return nil
        }
        return (feed > 0 && bytes[feed - 1] == 0x0d ? feed - 1 : feed, feed + 1)
    }

    private func keep(_ bytes: Slice<UnsafeRawBufferPointer>) throws(ProtocolFault) {
        body.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes))
        guard body.count <= HTTP2Client.answerLimit else { throw ProtocolFault("an answer is too large") }
    }
}
