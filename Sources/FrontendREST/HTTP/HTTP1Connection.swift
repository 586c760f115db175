package import NIOCore
package import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The server's half of HTTP/1.1 framing for one connection, without I/O: received bytes in, requests out.
///
/// Strict where RFC 9112 leaves a choice, because every choice is a way to smuggle a request past a proxy that chose
/// differently: lines end in CR LF and nothing else, `Content-Length` and `Transfer-Encoding` exclude each other,
/// `chunked` is the only transfer coding, no field may be folded, no blank may stand before a field's colon.
package struct HTTP1Connection {
    private enum State {
        case head
        case body(HTTP1RequestHead, length: Int)
        case chunkSize(HTTP1RequestHead)
        case chunk(HTTP1RequestHead, remaining: Int)
        case trailers(HTTP1RequestHead)
        case failed
    }

    private let limits: HTTP1Limits
    private var state = State.head
    /// Received and not consumed.
    private var pending = ByteBuffer()
    /// The chunked body so far.
    private var chunks = ByteBuffer()
    /// How far into `pending` line ends have been looked for.
    private var searched = 0
    /// Where in `pending` the line begins that is being looked through.
    private var lineStart = 0
    /// The head so far, once its request line is there.
    private var parser: HTTP1HeadParser?
    private var fieldCount = 0
    private var isContinueDue = false
    /// The last head, which clients mostly repeat to the byte, and what it said.
    private var lastHead: (text: [UInt8], result: HTTP1HeadParser.Result)?

    /// Asked about each request when its head is there and its body is not: why it is refused, if it is.
    var refusal: ((HTTP1RequestHead) -> HTTP1Failure?)?
    private let memoryBudget: MemoryBudget?
    /// What the body takes of the budget.
    private var claim: MemoryClaim?

    /// - Parameter memoryBudget: what larger bodies are counted in.
    package init(limits: HTTP1Limits = HTTP1Limits(), memoryBudget: MemoryBudget? = nil) {
        self.limits = limits
        self.memoryBudget = memoryBudget
    }

    /// What the body of the request that has just come takes of the budget, for as long as it is kept.
    mutating func takeClaim() -> MemoryClaim? {
        defer { claim = nil }
        return claim
    }

    /// Bytes received that no event has consumed.
    var pendingByteCount: Int { pending.readableBytes }

    /// Whether a request has begun and its end has not come.
    var isInsideRequest: Bool {
        switch state {
        case .head: pending.readableBytes > 0
        case .body, .chunkSize, .chunk, .trailers: true
        case .failed: false
        }
    }

    /// Whether that request's head is complete.
    var isInsideBody: Bool {
        switch state {
        case .head, .failed: false
        case .body, .chunkSize, .chunk, .trailers: true
        }
    }

    package mutating func receive(_ bytes: ByteBuffer) {
        if pending.readableBytes == 0 {
            pending = bytes
        } else {
            if pending.readerIndex > 64 << 10 { pending.discardReadBytes() }
            pending.writeImmutableBuffer(bytes)
        }
    }

    /// The next event. Call until it says `needsBytes` or `failure`.
    package mutating func next() -> HTTP1Event {
        do throws(HTTP1Failure) {
            while true {
                if let event = try advance() { return event }
            }
        } catch {
            state = .failed
            pending = ByteBuffer()
            chunks = ByteBuffer()
            claim = nil
            return .failure(error)
        }
    }

    /// One step; `nil` when the next can follow at once.
    private mutating func advance() throws(HTTP1Failure) -> HTTP1Event? {
        switch state {
        case .head: return try readHead()
        case .body(let head, let length): return try readBody(head, length)
        case .chunkSize(let head): return try readChunkSize(head)
        case .chunk(let head, let remaining): return try readChunk(head, remaining)
        case .trailers(let head): return try readTrailers(head)
        case .failed: return .needsBytes
        }
    }
}

// MARK: Lines

extension HTTP1Connection {
    /// Looks for the end of the line at `lineStart`: its length without CR LF, or `nil` when it has not come.
    ///
    /// - Parameter limit: of the line; a longer one is answered with `failure`, which is given the limit. What has been
    ///   read of a head or trailer is bounded, too.
    private mutating func findLine(limit: Int, or failure: (Int) -> HTTP1Failure) throws(HTTP1Failure) -> Int? {
        let bound = min(lineStart + limit, limits.head)
        let found: Int? = pending.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress, bytes.count > searched else { return nil }
            return memchr(base + searched, 0x0A, bytes.count - searched).map { UnsafeRawPointer($0) - base }
        }
        guard found ?? pending.readableBytes <= bound else {
            throw lineStart + limit <= limits.head ? failure(limit) : .headTooLarge(limits.head)
        }
        searched = found.map { $0 + 1 } ?? pending.readableBytes
        guard let found else { return nil }
        guard found > lineStart, byte(at: found - 1) == 0x0D else {
            throw .badRequest("A line ends in LF; expected CR LF")
        }
        return found - 1 - lineStart
    }

    private func byte(at offset: Int) -> UInt8 {
        // Within what was just searched.
        pending.getInteger(at: pending.readerIndex + offset) ?? 0
    }

    private mutating func consume(_ count: Int) {
        pending.moveReaderIndex(forwardBy: count)
        searched = 0
        lineStart = 0
        parser = nil
        fieldCount = 0
    }
}

// MARK: Head

extension HTTP1Connection {
    /// Takes the head line by line, so that a fault shows as soon as its line is there.
    private mutating func readHead() throws(HTTP1Failure) -> HTTP1Event? {
        if let repeated = takeRepeatedHead() {
            try beginBody(repeated)
            return nil
        }
        while true {
            let length =
                if parser == nil {
                    try findLine(limit: limits.requestLine, or: HTTP1Failure.requestLineTooLong)
                } else {
                    try findLine(limit: limits.head, or: HTTP1Failure.headTooLarge)
                }
            guard let length else { return .needsBytes }
            guard length > 0 else {
                // Some clients send an empty line behind a body; RFC 9112, section 2.2 says to overlook it.
                guard let parser else {
                    consume(2)
                    continue
                }
                let parsed = try parser.finish(limits)
                keepHead(parsed)
                consume(searched)
                try beginBody(parsed)
                return nil
            }
            try readHeadLine(length)
            lineStart = searched
        }
    }

    /// Steps over a head that has the same bytes as the one before; it says the same.
    private mutating func takeRepeatedHead() -> HTTP1HeadParser.Result? {
        guard searched == 0, let lastHead, pending.readableBytes >= lastHead.text.count else { return nil }
        let count = lastHead.text.count
        let isSame = pending.withUnsafeReadableBytes { bytes in
            lastHead.text.withUnsafeBytes { text in
                guard let start = bytes.baseAddress, let textStart = text.baseAddress else { return false }
                return memcmp(start, textStart, count) == 0
            }
        }
        guard isSame else { return nil }
        pending.moveReaderIndex(forwardBy: count)
        return lastHead.result
    }

    /// At the end of a head: keeps a copy, unless it is long.
    private mutating func keepHead(_ result: HTTP1HeadParser.Result) {
        lastHead = nil
        guard searched <= 512, result.head.key == nil,
            let text = pending.getBytes(at: pending.readerIndex, length: searched)
        else { return }
        lastHead = (text, result)
    }

    private mutating func readHeadLine(_ length: Int) throws(HTTP1Failure) {
        let line = lineStart..<lineStart + length
        guard parser != nil else {
            parser = try pending.withUnsafeReadableBytes { bytes throws(HTTP1Failure) in
                try HTTP1HeadParser(requestLine: bytes[line])
            }
            return
        }
        fieldCount += 1
        guard fieldCount <= limits.fieldCount else {
            throw HTTP1Failure(
                status: .headerFieldsTooLarge,
                message: "More than \(limits.fieldCount) header fields"
            )
        }
        try pending.withUnsafeReadableBytes { bytes throws(HTTP1Failure) in try parser?.readField(bytes[line]) }
    }

    private mutating func beginBody(_ parsed: HTTP1HeadParser.Result) throws(HTTP1Failure) {
        if let refusal, let failure = refusal(parsed.head) { throw failure }
        isContinueDue = parsed.expectsContinue
        switch parsed.framing {
        case .length(let length): state = .body(parsed.head, length: length)
        case .chunked: state = .chunkSize(parsed.head)
        }
    }

    /// When the client waits for it and the body has not begun to come.
    private mutating func takeContinue() -> HTTP1Event? {
        guard isContinueDue, pending.readableBytes == 0 else { return nil }
        isContinueDue = false
        return .continueExpected
    }
}

// MARK: Body

extension HTTP1Connection {
    /// Counts what has come of a body. Before more is read of one that there is no room for.
    private mutating func claimMemory(_ byteCount: Int) throws(HTTP1Failure) {
        guard byteCount > MemoryClaim.uncountedByteCount, let memoryBudget else { return }
        let claim = claim ?? MemoryClaim(memoryBudget)
        self.claim = claim
        guard claim.canGrow(to: byteCount) else { throw .overBudget }
    }

    private mutating func readBody(_ head: HTTP1RequestHead, _ length: Int) throws(HTTP1Failure) -> HTTP1Event {
        try claimMemory(min(length, pending.readableBytes))
        guard let body = pending.readSlice(length: length) else {
            if let event = takeContinue() { return event }
            // A promise of the peer, so taken in bounded steps.
            let missing = length - pending.readableBytes
            if pending.writableBytes < min(missing, 64 << 10) {
                pending.discardReadBytes()
                pending.reserveCapacity(minimumWritableBytes: min(missing, max(pending.readableBytes, 4 << 20)))
            }
            return .needsBytes
        }
        state = .head
        // Do not keep the memory of a large body for the life of the connection.
        if pending.readableBytes == 0 { pending = ByteBuffer() }
        return .request(head, body: body)
    }

    private mutating func readChunkSize(_ head: HTTP1RequestHead) throws(HTTP1Failure) -> HTTP1Event? {
        if let event = takeContinue() { return event }
        let length = try findLine(limit: 4096) { .badRequest("A chunk's size line is longer than \($0) bytes") }
        guard let length else { return .needsBytes }
        let size = try pending.withUnsafeReadableBytes { bytes throws(HTTP1Failure) in
            try Self.chunkSize(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        }
        consume(length + 2)
        guard size <= limits.body - chunks.readableBytes else { throw .bodyTooLarge(limits.body) }
        state = size == 0 ? .trailers(head) : .chunk(head, remaining: size)
        return nil
    }

    /// The number at the start of a chunk's size line; extensions behind a semicolon mean nothing to us.
    private static func chunkSize(_ line: UnsafeRawBufferPointer) throws(HTTP1Failure) -> Int {
        var size = 0
        var digits = 0
        for byte in line {
            guard let digit = hexDigit(byte) else {
                guard byte == UInt8(ascii: ";") || byte == 0x20 || byte == 0x09 else {
                    throw .badRequest("A chunk's size is not a hexadecimal number")
                }
                break
            }
            digits += 1
            guard digits <= 15 else { throw .badRequest("A chunk's size has more than 15 digits") }
            size = size << 4 | digit
        }
        guard digits > 0 else { throw .badRequest("A chunk's size is missing") }
        for byte in line.dropFirst(digits) where byte != 0x09 && (byte < 0x20 || byte == 0x7F) {
            throw .badRequest("A chunk's size line has a control character")
        }
        return size
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte) - 0x61 + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte) - 0x41 + 10
        default: nil
        }
    }

    private mutating func readChunk(_ head: HTTP1RequestHead, _ remaining: Int) throws(HTTP1Failure) -> HTTP1Event? {
        var remaining = remaining
        if remaining > 0, var part = pending.readSlice(length: min(remaining, pending.readableBytes)) {
            remaining -= part.readableBytes
            try claimMemory(chunks.readableBytes + part.readableBytes)
            chunks.writeBuffer(&part)
            state = .chunk(head, remaining: remaining)
        }
        guard remaining == 0, let end = pending.readInteger(as: UInt16.self) else { return .needsBytes }
        guard end == 0x0D0A else { throw .badRequest("A chunk is not followed by CR LF") }
        state = .chunkSize(head)
        return nil
    }

    private mutating func readTrailers(_ head: HTTP1RequestHead) throws(HTTP1Failure) -> HTTP1Event? {
        while true {
            guard let length = try findLine(limit: limits.head, or: HTTP1Failure.headTooLarge) else {
                return .needsBytes
            }
            if length == 0 { break }
            try pending.withUnsafeReadableBytes { bytes throws(HTTP1Failure) in
                try HTTP1HeadParser.checkTrailer(bytes[lineStart..<lineStart + length])
            }
            lineStart = searched
        }
        consume(searched)
        state = .head
        let body = chunks
        chunks = ByteBuffer()
        return .request(head, body: body)
    }
}

extension HTTP1Failure {
    static func badRequest(_ message: String) -> HTTP1Failure { HTTP1Failure(status: .badRequest, message: message) }

    static let overBudget = HTTP1Failure(
        status: HTTPStatus(.resourceExhausted),
        message: "The server holds as many bytes of requests as it may; retry later"
    )

    static func requestLineTooLong(_ limit: Int) -> HTTP1Failure {
        HTTP1Failure(status: .uriTooLong, message: "The request line is longer than \(limit) bytes")
    }

    static func headTooLarge(_ limit: Int) -> HTTP1Failure {
        HTTP1Failure(status: .headerFieldsTooLarge, message: "The request's header is longer than \(limit) bytes")
    }

    static func bodyTooLarge(_ limit: Int) -> HTTP1Failure {
        HTTP1Failure(status: .contentTooLarge, message: "The request's body is longer than \(limit) bytes")
    }
}
