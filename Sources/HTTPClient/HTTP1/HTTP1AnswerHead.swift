import Glibc

/// What matters of an HTTP/1.1 answer's status line and fields.
struct HTTP1AnswerHead {
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
        case untilClose
    }

    var status = 0
    var framing = Framing.none
    /// The server closes the connection behind this answer.
    var closes = false

    init() {}

    /// Length of the head at the front, its empty line included; `nil` when it is not complete.
    static func length(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress else { return nil }
        var position = 0
        while let feed = memchr(start + position, 0x0a, bytes.count - position) {
            let next = UnsafeRawPointer(feed) - start + 1
            if next < bytes.count, bytes[next] == 0x0a { return next + 1 }
            if next + 1 < bytes.count, bytes[next] == 0x0d, bytes[next + 1] == 0x0a { return next + 2 }
            position = next
            if position >= bytes.count { return nil }
        }
        return nil
    }

    /// - Parameter bytes: the whole head.
    init(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) {
        // HTTP/1.1 200 OK
        guard bytes.count >= 14, Self.hasPrefix(bytes, "http/1."), bytes[8] == 0x20,
            let hundreds = Self.digit(bytes[9]), let tens = Self.digit(bytes[10]), let ones = Self.digit(bytes[11])
        else { throw ProtocolFault("an answer does not begin as HTTP/1.1") }
        status = hundreds * 100 + tens * 10 + ones
        closes = bytes[7] == UInt8(ascii: "0")
        var length: Int?
        var isChunked = false
        var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: true)[...]
        lines.removeFirst()
        for line in lines {
            let line = UnsafeRawBufferPointer(rebasing: line.last == 0x0d ? line.dropLast() : line)
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
            let value = Self.trimmed(line[(colon + 1)...])
            if Self.isText(name, "content-length") {
                guard let number = Self.number(value), length == nil || length == number else {
                    throw ProtocolFault("content-length is not a number")
                }
                length = number
            } else if Self.isText(name, "transfer-encoding") {
                isChunked =
                    value.count >= 7
                    && Self.isText(UnsafeRawBufferPointer(rebasing: value.suffix(7)), "chunked")
            } else if Self.isText(name, "connection") {
                if Self.isText(value, "close") { closes = true }
                if Self.isText(value, "keep-alive") { closes = false }
            }
        }
        framing = Self.framing(status, length, isChunked)
        if framing == .untilClose { closes = true }
    }

    private static func framing(_ status: Int, _ length: Int?, _ isChunked: Bool) -> Framing {
        if status < 200 || status == 204 || status == 304 { return .none }
        if isChunked { return .chunked }
        return length.map { .length($0) } ?? .untilClose
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }

    private static func number(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard (1...15).contains(bytes.count) else { return nil }
        var value = 0
        for byte in bytes {
            guard let digit = digit(byte) else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return UnsafeRawBufferPointer(rebasing: bytes)
    }

    private static func hasPrefix(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        bytes.count >= text.utf8CodeUnitCount
            && isText(UnsafeRawBufferPointer(rebasing: bytes.prefix(text.utf8CodeUnitCount)), text)
    }

    /// Compares without regard to case; `text` is in lower case.
    private static func isText(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count {
            let byte = bytes[index]
            let lower = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
            if lower != text.utf8Start[index] { return false }
        }
        return true
    }
}
