/// A PredictRequest without the fields that the decoder passes over unread.
///
/// Generated messages check those, too; without them both have to agree on what is well-formed. Entries of `inputs` lose
/// their unknown fields for another reason: SwiftProtobuf reads a key or value of an unexpected wire type as if the field
/// were not there but its bytes were.
enum ReadFields {
    private static let second: UInt64 = 2 << 3 | 2

    static func of(_ request: [UInt8]) -> [UInt8] {
        rewrite(
            request[...],
            dropping: { [5, 7].contains($0 >> 3) },
            nested: { $0 == second ? entry($1) : Array($1) }
        )
    }

    /// A message without the fields of that number.
    static func of(_ message: [UInt8], without number: UInt64) -> [UInt8] {
        rewrite(message[...], dropping: { $0 >> 3 == number }, nested: { Array($1) })
    }

    /// The payloads of length-delimited fields with their tags, in order; `nil` when the message is not well-formed.
    static func payloads(of message: ArraySlice<UInt8>) -> [(tag: UInt64, payload: ArraySlice<UInt8>)]? {
        var result: [(tag: UInt64, payload: ArraySlice<UInt8>)] = []
        var rest = message
        while !rest.isEmpty {
            guard let tag = tag(&rest), let payload = field(tag, &rest) else { return nil }
            if tag & 7 == 2 { result.append((tag, payload)) }
        }
        return result
    }

    private static func entry(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        rewrite(
            bytes,
            dropping: { ![1 << 3 | 2, second].contains($0) },
            nested: { $0 == second ? tensor($1) : Array($1) }
        )
    }

    private static func tensor(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        rewrite(bytes, dropping: { [14, 15].contains($0 >> 3) }, nested: { Array($1) })
    }

    /// Copies the fields of a message, submessages by way of `nested`. From the first field on that is not well-formed
    /// a tag that is none stands for the rest: SwiftProtobuf would take some of it (keys of a wrong type, padded tags in
    /// groups).
    private static func rewrite(
        _ bytes: ArraySlice<UInt8>,
        dropping isDropped: (UInt64) -> Bool,
        nested: (UInt64, ArraySlice<UInt8>) -> [UInt8]
    ) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes
        while !rest.isEmpty {
            let start = rest
            guard let tag = Self.tag(&rest), let field = field(tag, &rest) else { return result + [0] }
            if isDropped(tag) { continue }
            if tag & 7 == 2 {
                let payload = nested(tag, field)
                result += varint(tag) + varint(UInt64(payload.count)) + payload
            } else {
                result += start[start.startIndex..<rest.startIndex]
            }
        }
        return result
    }

    /// Reads what `tag` began and returns the payload of a length-delimited field; `nil` when it is not well-formed.
    private static func field(_ tag: UInt64, _ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        switch tag & 7 {
        case 0:
            guard varint(&rest) != nil else { return nil }
        case 1, 5:
            let count = tag & 7 == 1 ? 8 : 4
            guard rest.count >= count else { return nil }
            rest = rest.dropFirst(count)
        case 2:
            guard let count = varint(&rest), count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(Int(count)) }
            return rest.prefix(Int(count))
        case 3:
            while true {
                guard let inner = Self.tag(&rest) else { return nil }
                if inner & 7 == 4 { return inner >> 3 == tag >> 3 ? rest.prefix(0) : nil }
                guard field(inner, &rest) != nil else { return nil }
            }
        default:
            return nil
        }
        return rest.prefix(0)
    }

    private static func tag(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        let start = rest.startIndex
        guard let tag = varint(&rest), tag >= 8, tag < UInt32.max, rest.startIndex - start <= 5 else { return nil }
        return tag
    }

    static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for (index, byte) in rest.prefix(10).enumerated() {
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            guard byte >= 0x80 else {
                rest = rest.dropFirst(index + 1)
                return value
            }
        }
        return nil
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7f) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }
}
