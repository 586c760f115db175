/// Base64 with the standard alphabet (RFC 4648, section 4).
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// Values of the 64 characters, `invalid` for all others.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()
    private static let invalid: UInt8 = 0xFF

    /// As lenient as Abseil's decoder, which TensorFlow Serving uses: whitespace is skipped, padding may be missing but
    /// not incomplete, left-over bits are dropped.
    static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3 + 3)
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for character in text {
            let value = values[Int(character)]
            if value != invalid {
                guard padding == 0 else { return nil }
                bits = bits << 6 | UInt32(value)
                count += 1
                guard count == 4 else { continue }
                result.append(UInt8(truncatingIfNeeded: bits >> 16))
                result.append(UInt8(truncatingIfNeeded: bits >> 8))
                result.append(UInt8(truncatingIfNeeded: bits))
                count = 0
            } else if character == UInt8(ascii: "=") || character == UInt8(ascii: ".") {
                padding += 1
            } else if character != 0x20, !(0x09...0x0D).contains(character) {
                return nil
            }
        }
        guard count != 1, padding == 0 || (count > 0 && padding == 4 - count) else { return nil }
        if count >= 2 { result.append(UInt8(truncatingIfNeeded: bits >> (count == 2 ? 4 : 10))) }
        if count == 3 { result.append(UInt8(truncatingIfNeeded: bits >> 2)) }
        return result
    }

    /// With padding.
    package static func encode(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let group = min(3, bytes.count - index)
            var bits: UInt32 = 0
            for place in 0..<3 { bits = bits << 8 | (place < group ? UInt32(bytes[index + place]) : 0) }
            for place in 0..<4 {
                let isPadding = place > group
                result.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 0x3F)])
            }
            index += 3
        }
        return result
    }
}
