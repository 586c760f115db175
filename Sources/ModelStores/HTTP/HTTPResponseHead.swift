import ServingPrimitives

/// Status and header of an answer, taken line by line.
struct HTTPResponseHead: Sendable, Hashable {
    var status = 0
    /// By name in lower case; the last of a name counts.
    private(set) var fields: [String: String] = [:]

    private static let maximumFields = 200

    subscript(_ name: String) -> String? { fields[name] }

    /// A status line begins anew: that of a redirect, or of "continue", came before.
    mutating func take(_ line: UnsafeRawBufferPointer) {
        if line.starts(with: Array("HTTP/".utf8)) {
            let code = line.split(separator: UInt8(ascii: " "), maxSplits: 2).dropFirst().first
            self = HTTPResponseHead()
            status = code.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
            return
        }
        guard fields.count < Self.maximumFields, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
            var bytes = bytes
            while let first = bytes.first, first == 0x20 || first == 0x09 { bytes = bytes.dropFirst() }
            while let last = bytes.last, last <= 0x20 { bytes = bytes.dropLast() }
            return String(decoding: bytes, as: UTF8.self)
        }
        fields[text(line[..<colon]).lowercased()] = text(line[(colon + 1)...])
    }

    /// `Content-Range: bytes FIRST-LAST/TOTAL`, the total where it is told.
    var contentRange: (range: ClosedRange<Int64>, total: Int64?)? {
        guard let text = self["content-range"], text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        let ends = parts.first?.split(separator: "-").map { Int64($0) } ?? []
        guard parts.count == 2, ends.count == 2, let first = ends[0], let last = ends[1], 0 <= first, first <= last
        else { return nil }
        return (first...last, Int64(parts[1]))
    }

    var contentLength: Int64? { self["content-length"].flatMap { Int64($0) }.flatMap { $0 < 0 ? nil : $0 } }
}
