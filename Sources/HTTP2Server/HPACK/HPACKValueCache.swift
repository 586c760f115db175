/// Remembers recently decoded long values by their encoded bytes. Some clients (nghttp2) send `:path` as a
/// Huffman-coded literal with every request; a comparison of bytes is ten times cheaper than decoding it and
/// allocating the string again.
struct HPACKValueCache {
    private struct Entry {
        var encoded: [UInt8]
        var isHuffman: Bool
        var value: HPACKValue
    }

    private static let slotCount = 8
    /// Shorter values fit in a String without allocation, longer ones hardly come twice.
    private static let byteCounts = 12...256

    private var entries = [Entry?](repeating: nil, count: slotCount)

    func value(for string: HPACKEncodedString) -> HPACKValue? {
        guard Self.byteCounts.contains(string.bytes.count), let entry = entries[Self.slot(string)],
            entry.isHuffman == string.isHuffman, string.bytes.equals(entry.encoded)
        else { return nil }
        return entry.value
    }

    mutating func remember(_ value: HPACKValue, for string: HPACKEncodedString) {
        guard Self.byteCounts.contains(string.bytes.count) else { return }
        entries[Self.slot(string)] = Entry(
            encoded: Array(string.bytes),
            isHuffman: string.isHuffman,
            value: value
        )
    }

    private static func slot(_ string: HPACKEncodedString) -> Int {
        let bytes = string.bytes
        return (bytes.count &+ Int(bytes[bytes.count / 2]) &+ Int(bytes[bytes.count - 2])) & (slotCount - 1)
    }
}
