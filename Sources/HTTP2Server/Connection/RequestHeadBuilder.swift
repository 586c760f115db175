/// Turns the fields of one header block into a request head or trailers, checked as RFC 9113, section 8 asks.
struct RequestHeadBuilder {
    private(set) var head = HTTP2RequestHead(method: "", path: "", scheme: "", authority: "")
    /// The first thing that is wrong with the block.
    private(set) var fault: StaticString?
    private(set) var contentLength: Int?
    private(set) var byteCount = 0

    private let isTrailers: Bool
    private let maximumByteCount: Int
    private var sawRegular = false
    private var seenPseudo: UInt8 = 0

    init(isTrailers: Bool = false, maximumByteCount: Int) {
        self.isTrailers = isTrailers
        self.maximumByteCount = maximumByteCount
    }

    var isTooLarge: Bool { byteCount > maximumByteCount }

    mutating func add(_ field: borrowing HPACKField) {
        byteCount &+= field.size
        // Counted on, but no longer kept: one byte on the wire can stand for 4 KiB of the table.
        guard byteCount <= maximumByteCount else { return }
        guard field.isValueValid else { return fail("a header value has bytes that are not allowed") }
        switch field.kind {
        case .method: if accept(pseudo: 0) { head.method = field.value }
        case .scheme: if accept(pseudo: 1) { head.scheme = field.value }
        case .path: if accept(pseudo: 2) { head.path = field.value }
        case .authority: if accept(pseudo: 3) { head.authority = field.value }
        case .regular: addRegular(field)
        case .contentLength: addContentLength(field)
        case .te:
            if field.value != "trailers" { return fail("te is something else than trailers") }
            addRegular(field)
        case .connectionSpecific: fail("a connection-specific header field")
        case .unknownPseudo: fail("an unknown pseudo-header field")
        case .invalid: fail("a header name has bytes that are not allowed")
        }
    }

    /// Checks what only the whole block shows.
    mutating func finish() {
        if isTrailers || fault != nil { return }
        if head.method.isEmpty { return fail(":method is missing") }
        if head.method == "CONNECT" {
            if seenPseudo & 0b110 != 0 { fail("CONNECT with :scheme or :path") }
            return
        }
        if head.scheme.isEmpty { return fail(":scheme is missing") }
        if head.path.isEmpty { fail(":path is missing or empty") }
    }

    private mutating func fail(_ reason: StaticString) {
        if fault == nil { fault = reason }
    }

    private mutating func accept(pseudo bit: UInt8) -> Bool {
        if isTrailers {
            fail("a pseudo-header field in trailers")
        } else if sawRegular {
            fail("a pseudo-header field after a regular one")
        } else if seenPseudo & (1 << bit) != 0 {
            fail("a pseudo-header field comes twice")
        }
        seenPseudo |= 1 << bit
        return fault == nil
    }

    private mutating func addRegular(_ field: borrowing HPACKField) {
        sawRegular = true
        head.fields.append(HTTP2HeaderField(field.name, field.value))
    }

    private mutating func addContentLength(_ field: borrowing HPACKField) {
        addRegular(field)
        let digits = field.value.utf8
        guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return fail("content-length is not a number")
        }
        let length = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        if let known = contentLength, known != length { return fail("content-length comes twice with two values") }
        contentLength = length
    }
}
