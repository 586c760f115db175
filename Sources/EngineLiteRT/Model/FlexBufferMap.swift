/// Reads a FlexBuffer whose root is a map, as far as its values are strings, blobs or numbers.
///
/// Format: https://flatbuffers.dev/flexbuffers/. Sizes and offsets have 1, 2, 4 or 8 bytes; offsets lead backwards.
struct FlexBufferMap {
    /// More entries than any model has: entries may share bytes, so the file's size does not bound the work.
    static let maximumCount = 1024

    private let bytes: UnsafeRawBufferPointer
    /// Where the values start, their width, and how many there are.
    private let values: Int
    private let width: Int
    let count: Int
    private let keys: Int
    private let keyWidth: Int

    /// - Parameter bytes: must stay in place while this is used.
    init(_ bytes: UnsafeRawBufferPointer) throws(FlatBuffer.Malformed) {
        self.bytes = bytes
        // The buffer ends with the root's value, its type, and the width of the root's value.
        guard bytes.count >= 3 else { throw Self.malformed("is too short") }
        let rootWidth = Int(bytes[bytes.count - 1])
        let packedType = bytes[bytes.count - 2]
        guard [1, 2, 4, 8].contains(rootWidth) else { throw Self.malformed("has a root of \(rootWidth) bytes") }
        guard packedType >> 2 == Self.mapType else { throw Self.malformed("is not a map") }
        let root = bytes.count - 2 - rootWidth
        width = 1 << Int(packedType & 3)
        values = try Self.target(of: root, width: rootWidth, in: bytes)
        count = try Self.size(before: values, width: width, in: bytes)
        guard count <= Self.maximumCount, count <= (bytes.count - values) / (width + 1) else {
            throw Self.malformed("claims \(count) entries")
        }
        let keyOffset = values - 3 * width
        keys = try Self.target(of: keyOffset, width: width, in: bytes)
        let keyWidth = try Self.number(at: values - 2 * width, width: width, in: bytes)
        guard [1, 2, 4, 8].contains(keyWidth), count <= (bytes.count - keys) / keyWidth else {
            throw Self.malformed("has keys that do not fit")
        }
        self.keyWidth = keyWidth
    }

    func key(at index: Int) throws(FlatBuffer.Malformed) -> String {
        let start = try Self.target(of: keys + index * keyWidth, width: keyWidth, in: bytes)
        let rest = bytes[start...]
        guard let end = rest.firstIndex(of: 0) else { throw Self.malformed("has a key without an end") }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    /// The content of a string or blob.
    func content(at index: Int) throws(FlatBuffer.Malformed) -> UnsafeRawBufferPointer {
        let packedType = bytes[values + count * width + index]
        guard packedType >> 2 == Self.stringType || packedType >> 2 == Self.blobType else {
            throw Self.malformed("has a value that is neither a string nor a blob")
        }
        let start = try Self.target(of: values + index * width, width: width, in: bytes)
        let size = try Self.size(before: start, width: 1 << Int(packedType & 3), in: bytes)
        guard size <= bytes.count - start else { throw Self.malformed("has a value that does not fit") }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])
    }

    /// The value of an integer; `nil` for any other type.
    func integer(at index: Int) throws(FlatBuffer.Malformed) -> Int? {
        let type = bytes[values + count * width + index] >> 2
        guard type == Self.intType || type == Self.uintType else { return nil }
        return try Self.number(at: values + index * width, width: width, in: bytes)
    }

    private static let intType: UInt8 = 1
    private static let uintType: UInt8 = 2
    private static let stringType: UInt8 = 5
    private static let mapType: UInt8 = 9
    private static let blobType: UInt8 = 25

    private static func malformed(_ what: String) -> FlatBuffer.Malformed {
        FlatBuffer.Malformed(reason: "a FlexBuffer \(what)")
    }

    private static func size(
        before position: Int,
        width: Int,
        in bytes: UnsafeRawBufferPointer
    ) throws(FlatBuffer.Malformed) -> Int {
        try number(at: position - width, width: width, in: bytes)
    }

    private static func target(
        of position: Int,
        width: Int,
        in bytes: UnsafeRawBufferPointer
    ) throws(FlatBuffer.Malformed) -> Int {
        let offset = try number(at: position, width: width, in: bytes)
        guard offset <= position else { throw malformed("has an offset that leads out of it") }
        return position - offset
    }

    /// The little-endian number at `position`, at most `Int.max`.
    private static func number(
        at position: Int,
        width: Int,
        in bytes: UnsafeRawBufferPointer
    ) throws(FlatBuffer.Malformed) -> Int {
        guard position >= 0, position <= bytes.count - width else { throw malformed("has a number outside of it") }
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        guard let number = Int(exactly: value) else { throw malformed("has a number that is too large") }
        return number
    }
}
