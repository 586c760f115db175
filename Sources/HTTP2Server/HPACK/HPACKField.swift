/// What a field's name means for a request, worked out once when the name is decoded, so that an indexed field costs
/// no look at its bytes.
enum HPACKFieldKind: UInt8 {
    case regular
    case method
    case scheme
    case path
    case authority
    case contentLength
    case te
    /// `connection` and its relatives, which HTTP/2 forbids (RFC 9113, section 8.2.2).
    case connectionSpecific
    /// A name that starts with a colon and is none of a request's.
    case unknownPseudo
    /// Upper case, controls, spaces or nothing at all (RFC 9113, section 8.2.1).
    case invalid

    init(name: UnsafeRawBufferPointer) {
        switch name.count {
        case 0: self = .invalid
        case 2 where name.equals("te"): self = .te
        case 5 where name.equals(":path"): self = .path
        case 7 where name.equals(":method"): self = .method
        case 7 where name.equals(":scheme"): self = .scheme
        case 7 where name.equals("upgrade"): self = .connectionSpecific
        case 10 where name.equals(":authority"): self = .authority
        case 10 where name.equals("connection"): self = .connectionSpecific
        case 10 where name.equals("keep-alive"): self = .connectionSpecific
        case 14 where name.equals("content-length"): self = .contentLength
        case 16 where name.equals("proxy-connection"): self = .connectionSpecific
        case 17 where name.equals("transfer-encoding"): self = .connectionSpecific
        default: self = Self.classify(name)
        }
    }

    private static func classify(_ name: UnsafeRawBufferPointer) -> HPACKFieldKind {
        if name[0] == UInt8(ascii: ":") { return .unknownPseudo }
        return name.allSatisfy(isNameByte) ? .regular : .invalid
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: ":"), 0x7f...0xff: false
        default: true
        }
    }
}

/// One decoded field, as the dynamic table keeps it.
package struct HPACKField {
    package var name: String
    package var value: String
    var kind: HPACKFieldKind
    var isValueValid: Bool
    /// Bytes of the name on the wire.
    var nameByteCount: Int
    /// Size as RFC 7541, section 4.1 counts it.
    package var size: Int

    init(name: HPACKName, value: HPACKValue) {
        self.name = name.text
        self.value = value.text
        kind = name.kind
        isValueValid = value.isValid
        nameByteCount = name.byteCount
        size = HPACKField.overhead + name.byteCount + value.byteCount
    }

    package static let overhead = 32
}

/// A decoded name.
struct HPACKName {
    var text: String
    var kind: HPACKFieldKind
    var byteCount: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        text = String(decoding: bytes, as: UTF8.self)
        kind = HPACKFieldKind(name: bytes)
        byteCount = bytes.count
    }

    /// The name of an indexed field.
    init(of field: HPACKField) {
        text = field.name
        kind = field.kind
        byteCount = field.nameByteCount
    }
}

/// A decoded value. Bytes that are no UTF-8 are replaced.
struct HPACKValue {
    var text: String
    var isValid: Bool
    var byteCount: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        text = String(decoding: bytes, as: UTF8.self)
        isValid = Self.isValid(bytes)
        byteCount = bytes.count
    }

    /// RFC 9113, section 8.2.1: no NUL, CR or LF, and no space around.
    private static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.first, let last = bytes.last else { return true }
        if isSpace(first) || isSpace(last) { return false }
        return !bytes.contains { $0 == 0 || $0 == 0x0a || $0 == 0x0d }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
