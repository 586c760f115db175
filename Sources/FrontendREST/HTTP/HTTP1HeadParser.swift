import AccessControl
import Telemetry

/// Takes a request head apart line by line (RFC 9112, sections 3, 5 and 6). Lines come without CR LF.
struct HTTP1HeadParser {
    /// How the body's end is found.
    enum Framing: Hashable {
        case length(Int)
        case chunked
    }

    struct Result {
        var head: HTTP1RequestHead
        var framing: Framing
        var expectsContinue: Bool
    }

    typealias Bytes = UnsafeRawBufferPointer.SubSequence

    private var head: HTTP1RequestHead
    private let isVersion10: Bool
    private var length: Int?
    private var isChunked = false
    private var expectsContinue = false
    private var hasBearer = false
    private var hostCount = 0
    /// Hashes of what `Host` and `Origin` name, so that neither has to be kept.
    private var hostHash: Int?
    private var originHash: Int?
    private var asksToClose = false
    private var asksToKeepAlive = false

    /// A trailer field must be well formed; what it says is not used.
    static func checkTrailer(_ line: Bytes) throws(HTTP1Failure) { _ = try splitField(line) }

    /// What the head says, when its last line has been read.
    func finish(_ limits: HTTP1Limits) throws(HTTP1Failure) -> Result {
        guard hostCount == 1 || (hostCount == 0 && isVersion10) else {
            throw .badRequest("The request has \(hostCount) Host header fields; expected one")
        }
        guard !isChunked || length == nil else {
            throw .badRequest("The request has both Transfer-Encoding and Content-Length; expected one of them")
        }
        guard !isChunked || !isVersion10 else { throw .badRequest("HTTP/1.0 has no Transfer-Encoding") }
        if let length, length > limits.body { throw .bodyTooLarge(limits.body) }
        var head = head
        head.keepsAlive = !asksToClose && (!isVersion10 || asksToKeepAlive)
        head.isCrossOrigin = originHash != nil && originHash != hostHash
        return Result(
            head: head,
            framing: isChunked ? .chunked : .length(length ?? 0),
            expectsContinue: expectsContinue && !isVersion10
        )
    }
}

// MARK: Request line

extension HTTP1HeadParser {
    init(requestLine line: Bytes) throws(HTTP1Failure) {
        guard let first = line.firstIndex(of: 0x20), let last = line.lastIndex(of: 0x20), first < last else {
            throw .badRequest("The request line is not METHOD TARGET VERSION")
        }
        let method = try Self.method(line[line.startIndex..<first])
        isVersion10 = try Self.isVersion10(line[line.index(after: last)...])
        head = HTTP1RequestHead(method: method, target: try Self.target(line[line.index(after: first)..<last]))
    }

    private static func method(_ name: Bytes) throws(HTTP1Failure) -> HTTP1Method {
        guard !name.isEmpty, name.count <= 32, name.allSatisfy(isTokenByte) else {
            throw .badRequest("The request's method is not a name of at most 32 characters")
        }
        switch name.count {
        case 3:
            if equal(name, "GET") { return .get }
            if equal(name, "PUT") { return .put }
        case 4:
            if equal(name, "POST") { return .post }
            if equal(name, "HEAD") { return .head }
        case 5: if equal(name, "PATCH") { return .patch }
        case 6: if equal(name, "DELETE") { return .delete }
        case 7: if equal(name, "OPTIONS") { return .options }
        default: break
        }
        return .other(String(decoding: name, as: UTF8.self))
    }

    private static func isVersion10(_ version: Bytes) throws(HTTP1Failure) -> Bool {
        let start = version.startIndex
        guard version.count == 8, equal(version[start..<start + 5], "HTTP/"), version[start + 6] == UInt8(ascii: "."),
            isDigit(version[start + 5]), isDigit(version[start + 7])
        else { throw .badRequest("The request line does not end in an HTTP version") }
        guard version[start + 5] == UInt8(ascii: "1") else {
            throw HTTP1Failure(status: .versionNotSupported, message: "This port speaks HTTP/1.1 and HTTP/1.0")
        }
        return version[start + 7] == UInt8(ascii: "0")
    }

    /// The target in origin form: scheme and authority of an absolute one are dropped.
    private static func target(_ target: Bytes) throws(HTTP1Failure) -> [UInt8] {
        guard !target.isEmpty, target.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .badRequest("The request's target is empty or has a blank or control character")
        }
        guard target[target.startIndex] != UInt8(ascii: "/") else { return Array(target) }
        for scheme in ["http://", "https://"] as [StaticString] where startsIgnoringCase(target, scheme) {
            let path = target.dropFirst(scheme.utf8CodeUnitCount).drop { $0 != UInt8(ascii: "/") }
            return path.isEmpty ? [UInt8(ascii: "/")] : Array(path)
        }
        return Array(target)
    }
}

// MARK: Fields

extension HTTP1HeadParser {
    mutating func readField(_ line: Bytes) throws(HTTP1Failure) {
        let (name, value) = try Self.splitField(line)
        switch name.count {
        case 4: if Self.equalIgnoringCase(name, "host") { readHost(value) }
        case 6: if Self.equalIgnoringCase(name, "expect") { try readExpect(value) }
        case 8: if Self.equalIgnoringCase(name, "x-tenant") { setTerms { $0.tenant = Array(value) } }
        case 9: if Self.equalIgnoringCase(name, "x-api-key"), !hasBearer { head.key = Array(value) }
        case 10:
            if Self.equalIgnoringCase(name, "connection") { readConnection(value) }
            if Self.equalIgnoringCase(name, "tracestate") { setTrace { $0.state = $0.state ?? Self.text(value) } }
        case 11: if Self.equalIgnoringCase(name, "traceparent") { setTrace { $0.parent = Self.text(value) } }
        case 13: if Self.equalIgnoringCase(name, "authorization") { readAuthorization(value) }
        case 14: if Self.equalIgnoringCase(name, "content-length") { try readLength(value) }
        case 16: if Self.equalIgnoringCase(name, "content-encoding") { readEncoding(value) }
        case 17: if Self.equalIgnoringCase(name, "transfer-encoding") { try readTransferEncoding(value) }
        case 18: if Self.equalIgnoringCase(name, "x-request-priority") { setTerms { $0.priority = Array(value) } }
        case 20: if Self.equalIgnoringCase(name, "x-request-timeout-ms") { setTerms { $0.timeout = Array(value) } }
        default: break
        }
        if name.count == 6, Self.equalIgnoringCase(name, "origin") {
            readOrigin(value)
        }
    }

    private mutating func readHost(_ value: Bytes) {
        hostCount += 1
        hostHash = Self.hash(value)
    }

    private mutating func readOrigin(_ value: Bytes) {
        head.hasWebOrigin = Self.contains(value, "http://") || Self.contains(value, "https://")
        let scheme = ["http://", "https://"].first { (scheme: StaticString) in Self.startsIgnoringCase(value, scheme) }
        originHash = Self.hash(value.dropFirst(scheme?.utf8CodeUnitCount ?? 0))
    }

    private static func hash(_ value: Bytes) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: value))
        return hasher.finalize()
    }

    private mutating func setTrace(_ set: (inout TraceFields) -> Void) {
        var trace = head.trace ?? TraceFields()
        set(&trace)
        head.trace = trace
    }

    private static func text(_ value: Bytes) -> String { String(decoding: value, as: UTF8.self) }

    private mutating func setTerms(_ set: (inout HTTP1RequestHead.Terms) -> Void) {
        var terms = head.terms ?? HTTP1RequestHead.Terms()
        set(&terms)
        head.terms = terms
    }

    /// Name and value without the blanks around it.
    private static func splitField(_ line: Bytes) throws(HTTP1Failure) -> (name: Bytes, value: Bytes) {
        guard let first = line.first, first != 0x20, first != 0x09 else {
            throw .badRequest("A header field is folded over several lines")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw .badRequest("A header field has no colon")
        }
        let name = line[line.startIndex..<colon]
        guard !name.isEmpty, name.allSatisfy(isTokenByte) else {
            throw .badRequest("A header field's name is empty or has an invalid character")
        }
        var value = line[line.index(after: colon)...]
        while let byte = value.first, byte == 0x20 || byte == 0x09 { value.removeFirst() }
        while let byte = value.last, byte == 0x20 || byte == 0x09 { value.removeLast() }
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .badRequest("A header field's value has a control character")
        }
        return (name, value)
    }

    /// Other schemes are not ours.
    private mutating func readAuthorization(_ value: Bytes) {
        guard let token = BearerToken.find(in: value) else { return }
        hasBearer = true
        head.key = Array(token)
    }

    private mutating func readLength(_ value: Bytes) throws(HTTP1Failure) {
        guard !value.isEmpty, value.count <= 18, value.allSatisfy(Self.isDigit) else {
            throw .badRequest("Content-Length is not a number of at most 18 digits")
        }
        let number = value.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard length == nil || length == number else {
            throw .badRequest("The request has two Content-Length header fields that differ")
        }
        length = number
    }

    private mutating func readTransferEncoding(_ value: Bytes) throws(HTTP1Failure) {
        guard Self.equalIgnoringCase(value, "chunked") else {
            throw HTTP1Failure(
                status: .notImplemented,
                message: "The only Transfer-Encoding this server knows is chunked"
            )
        }
        guard !isChunked else { throw .badRequest("The request has two Transfer-Encoding header fields") }
        isChunked = true
    }

    private mutating func readExpect(_ value: Bytes) throws(HTTP1Failure) {
        guard Self.equalIgnoringCase(value, "100-continue") else {
            throw HTTP1Failure(
                status: .expectationFailed,
                message: "The only expectation this server knows is 100-continue"
            )
        }
        expectsContinue = true
    }

    private mutating func readConnection(_ value: Bytes) {
        for option in value.split(separator: UInt8(ascii: ",")) {
            var option = option
            while let byte = option.first, byte == 0x20 || byte == 0x09 { option.removeFirst() }
            while let byte = option.last, byte == 0x20 || byte == 0x09 { option.removeLast() }
            if Self.equalIgnoringCase(option, "close") { asksToClose = true }
            if Self.equalIgnoringCase(option, "keep-alive") { asksToKeepAlive = true }
        }
    }

    private mutating func readEncoding(_ value: Bytes) { if Self.contains(value, "gzip") { head.isGzip = true } }
}

// MARK: Bytes

extension HTTP1HeadParser {
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// RFC 9110, section 5.6.2.
    @inline(__always)
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "^"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func equal(_ bytes: Bytes, _ text: StaticString) -> Bool {
        bytes.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// - Parameter text: in lower case.
    @inline(__always)
    private static func equalIgnoringCase(_ bytes: Bytes, _ text: StaticString) -> Bool {
        bytes.count == text.utf8CodeUnitCount && startsIgnoringCase(bytes, text)
    }

    @inline(__always)
    private static func startsIgnoringCase(_ bytes: Bytes, _ text: StaticString) -> Bool {
        guard bytes.count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount {
            let byte = bytes[bytes.startIndex + index]
            let lower = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
            if lower != text.utf8Start[index] { return false }
        }
        return true
    }

    private static func contains(_ bytes: Bytes, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count >= count else { return false }
        return (bytes.startIndex...bytes.endIndex - count).contains { equal(bytes[$0..<$0 + count], text) }
    }
}
