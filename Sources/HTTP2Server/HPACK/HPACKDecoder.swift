/// Decodes header blocks (RFC 7541). One for each connection; blocks come in the order of the wire.
package struct HPACKDecoder {
    /// What SETTINGS_HEADER_TABLE_SIZE is when nothing else is said, and we say nothing.
    static let tableByteCount = 4096

    private let staticFields = HPACKStaticTable.fields
    private var table = HPACKDynamicTable(maximumByteCount: HPACKDecoder.tableByteCount)
    private var values = HPACKValueCache()
    private var scratch: [UInt8] = []
    /// Changes whenever the same bytes could mean something else from now on.
    package private(set) var generation = 0

    package init() {}

    /// Decodes one whole header block and gives its fields to `receive` in order.
    package mutating func decode(
        _ block: UnsafeRawBufferPointer,
        _ receive: (borrowing HPACKField) -> Void
    ) throws(HPACKError) {
        var input = HPACKInput(block)
        var mayResize = true
        while let first = input.peek() {
            if first & 0x80 != 0 {
                let index = try input.integer(prefixBits: 7)
                receive(try field(at: index))
            } else if first & 0x40 != 0 {
                let field = try literal(&input, prefixBits: 6)
                generation &+= 1
                table.insert(field)
                receive(field)
            } else if first & 0x20 != 0 {
                guard mayResize else { throw HPACKError(reason: "a table size update comes after a field") }
                try resize(to: input.integer(prefixBits: 5))
                continue
            } else {
                receive(try literal(&input, prefixBits: 4))
            }
            mayResize = false
        }
    }

    private mutating func resize(to byteCount: Int) throws(HPACKError) {
        guard byteCount <= Self.tableByteCount else {
            throw HPACKError(reason: "a table size update is above SETTINGS_HEADER_TABLE_SIZE")
        }
        generation &+= 1
        table.resize(to: byteCount)
    }

    @inline(__always)
    private func field(at index: Int) throws(HPACKError) -> HPACKField {
        if index == 0 { throw HPACKError(reason: "a field has index 0") }
        if index <= staticFields.count { return staticFields[index - 1] }
        guard let field = table[index - staticFields.count - 1] else {
            throw HPACKError(reason: "a field's index is beyond the dynamic table")
        }
        return field
    }

    private mutating func literal(_ input: inout HPACKInput, prefixBits: Int) throws(HPACKError) -> HPACKField {
        let index = try input.integer(prefixBits: prefixBits)
        let name = index == 0 ? try decodeName(&input) : HPACKName(of: try field(at: index))
        return HPACKField(name: name, value: try decodeValue(&input))
    }

    private mutating func decodeName(_ input: inout HPACKInput) throws(HPACKError) -> HPACKName {
        let string = try input.string()
        guard string.isHuffman else { return HPACKName(string.bytes) }
        scratch.removeAll(keepingCapacity: true)
        try HPACKHuffman.shared.decode(string.bytes, into: &scratch)
        return scratch.withUnsafeBytes { HPACKName($0) }
    }

    private mutating func decodeValue(_ input: inout HPACKInput) throws(HPACKError) -> HPACKValue {
        let string = try input.string()
        if let known = values.value(for: string) { return known }
        let value: HPACKValue
        if string.isHuffman {
            scratch.removeAll(keepingCapacity: true)
            try HPACKHuffman.shared.decode(string.bytes, into: &scratch)
            value = scratch.withUnsafeBytes { HPACKValue($0) }
        } else {
            value = HPACKValue(string.bytes)
        }
        values.remember(value, for: string)
        return value
    }
}

/// A string as it stands in a header block.
struct HPACKEncodedString {
    var bytes: UnsafeRawBufferPointer
    var isHuffman: Bool
}

/// Reads integers and strings of a header block, checked against its end.
struct HPACKInput {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    @inline(__always)
    func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    /// An integer (RFC 7541, section 5.1) of at most 2^28 and a bit: more has no use in a header block.
    @inline(__always)
    mutating func integer(prefixBits: Int) throws(HPACKError) -> Int {
        guard let first = peek() else { throw Self.truncated }
        position &+= 1
        let mask = (1 << prefixBits) &- 1
        let prefix = Int(first) & mask
        return prefix < mask ? prefix : try longInteger(mask)
    }

    private mutating func longInteger(_ prefix: Int) throws(HPACKError) -> Int {
        var value = prefix
        for shift in stride(from: 0, through: 21, by: 7) {
            guard let byte = peek() else { throw Self.truncated }
            position += 1
            value += Int(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw HPACKError(reason: "an integer in a header block is too large")
    }

    mutating func string() throws(HPACKError) -> HPACKEncodedString {
        guard let first = peek() else { throw Self.truncated }
        let length = try integer(prefixBits: 7)
        guard length <= bytes.count - position else { throw Self.truncated }
        defer { position += length }
        let range = UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
        return HPACKEncodedString(bytes: range, isHuffman: first & 0x80 != 0)
    }

    private static let truncated = HPACKError(reason: "a header block ends inside a field")
}
