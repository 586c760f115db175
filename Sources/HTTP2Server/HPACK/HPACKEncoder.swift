/// Encodes header blocks (RFC 7541). One for each connection; blocks go out in the order of their encoding.
///
/// A field that comes for the second time is put in the peer's dynamic table, and costs one byte from then on. The
/// table is only ever filled, never evicted: what does not fit stays a literal. Strings are not Huffman-coded, as
/// what is sent often is indexed anyway.
package struct HPACKEncoder {
    private static let candidateCount = 8
    private static let maximumEntries = 24
    /// Longer fields hardly repeat, and would crowd out those that do.
    private static let maximumEntryByteCount = 256

    private var entries: [HTTP2HeaderField] = []
    private var entriesByteCount = 0
    private var maximumByteCount = HPACKDecoder.tableByteCount
    private var mustAnnounceSize = false
    /// Fields seen once, lately.
    private var candidates: [HTTP2HeaderField] = []
    private var nextCandidate = 0

    package init() {}

    /// Fields in the peer's dynamic table. As long as this stays the same, what a field was encoded as holds.
    package var entryCount: Int { entries.count }

    /// The peer's SETTINGS_HEADER_TABLE_SIZE. We use no more than the default.
    package mutating func setPeerTableByteCount(_ byteCount: Int) {
        let usable = min(byteCount, HPACKDecoder.tableByteCount)
        guard usable != maximumByteCount else { return }
        maximumByteCount = usable
        entries.removeAll()
        entriesByteCount = 0
        mustAnnounceSize = true
    }

    /// Bytes that `encode` may need at most.
    package static func bound(_ fields: [HTTP2HeaderField]) -> Int {
        // A size update of 1 + 3 bytes, the status of 5, and for each field its type and two lengths.
        fields.reduce(16) { $0 + $1.name.utf8.count + $1.value.utf8.count + 12 }
    }

    /// Writes a header block to `output`, which has at least `bound(fields)` bytes, and returns its length.
    package mutating func encode(
        status: Int?,
        _ fields: [HTTP2HeaderField],
        to output: UnsafeMutableRawBufferPointer
    ) -> Int {
        var target = HPACKOutput(output)
        if mustAnnounceSize {
            target.integer(0, prefixBits: 5, pattern: 0x20)
            target.integer(maximumByteCount, prefixBits: 5, pattern: 0x20)
            mustAnnounceSize = false
        }
        if let status { encode(status: status, to: &target) }
        for field in fields { encode(field, to: &target) }
        return target.count
    }

    private func encode(status: Int, to target: inout HPACKOutput) {
        switch status {
        case 200: target.byte(0x88)
        case 204: target.byte(0x89)
        case 206: target.byte(0x8a)
        case 304: target.byte(0x8b)
        case 400: target.byte(0x8c)
        case 404: target.byte(0x8d)
        case 500: target.byte(0x8e)
        default:
            target.integer(8, prefixBits: 4, pattern: 0)
            target.byte(3)
            target.byte(UInt8(truncatingIfNeeded: 0x30 + status / 100 % 10))
            target.byte(UInt8(truncatingIfNeeded: 0x30 + status / 10 % 10))
            target.byte(UInt8(truncatingIfNeeded: 0x30 + status % 10))
        }
    }

    private mutating func encode(_ field: HTTP2HeaderField, to target: inout HPACKOutput) {
        if let index = index(of: field) {
            target.integer(index, prefixBits: 7, pattern: 0x80)
            return
        }
        let inserts = shouldInsert(field)
        let nameIndex = HPACKStaticTable.firstIndexByName[field.name] ?? 0
        target.integer(nameIndex, prefixBits: inserts ? 6 : 4, pattern: inserts ? 0x40 : 0)
        if nameIndex == 0 { target.string(field.name) }
        target.string(field.value)
    }

    @inline(__always)
    private func index(of field: HTTP2HeaderField) -> Int? {
        for position in entries.indices where entries[position] == field {
            return HPACKStaticTable.count + entries.count - position
        }
        return nil
    }

    private mutating func shouldInsert(_ field: HTTP2HeaderField) -> Bool {
        let byteCount = field.name.utf8.count + field.value.utf8.count + HPACKField.overhead
        guard byteCount <= Self.maximumEntryByteCount, entries.count < Self.maximumEntries,
            entriesByteCount + byteCount <= maximumByteCount
        else { return false }
        guard candidates.contains(field) else {
            rememberCandidate(field)
            return false
        }
        entries.append(field)
        entriesByteCount += byteCount
        return true
    }

    private mutating func rememberCandidate(_ field: HTTP2HeaderField) {
        if candidates.count < Self.candidateCount {
            candidates.append(field)
        } else {
            candidates[nextCandidate] = field
            nextCandidate = (nextCandidate + 1) % Self.candidateCount
        }
    }
}

/// Writes integers and strings of a header block.
struct HPACKOutput {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        bytes[count] = value
        count &+= 1
    }

    mutating func integer(_ value: Int, prefixBits: Int, pattern: UInt8) {
        let mask = (1 << prefixBits) - 1
        if value < mask { return byte(pattern | UInt8(value)) }
        byte(pattern | UInt8(mask))
        var rest = value - mask
        while rest >= 0x80 {
            byte(UInt8(rest & 0x7f | 0x80))
            rest >>= 7
        }
        byte(UInt8(rest))
    }

    mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            integer(utf8.count, prefixBits: 7, pattern: 0)
            UnsafeMutableRawBufferPointer(rebasing: bytes[count...]).copyMemory(from: UnsafeRawBufferPointer(utf8))
            count += utf8.count
        }
    }
}
