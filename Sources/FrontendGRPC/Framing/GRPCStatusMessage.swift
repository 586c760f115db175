/// The `grpc-message` header: an error text cut to what TensorFlow Serving sends and made safe for a header.
package enum GRPCStatusMessage {
    /// Longer texts are cut to this many bytes and marked (TensorFlow Serving's limit; header blocks are bounded).
    package static let maximumByteCount = 1024
    package static let truncationMark = "...TRUNCATED"

    /// The header's value for `text`: cut, then percent-coded.
    package static func headerValue(_ text: String) -> String { percentEncoded(truncated(text)) }

    /// At most 1024 bytes of `text`, never half a character, and the mark if something was left out.
    package static func truncated(_ text: String) -> String {
        guard text.utf8.count > maximumByteCount else { return text }
        var kept = ""
        var byteCount = 0
        for scalar in text.unicodeScalars {
            byteCount += UTF8.width(scalar)
            guard byteCount <= maximumByteCount else { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept + truncationMark
    }

    /// Every byte outside space to `~`, and `%`, as `%XX` (gRPC over HTTP/2, "Status-Message").
    package static func percentEncoded(_ text: String) -> String {
        guard text.utf8.contains(where: mustBeEncoded) else { return text }
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            if mustBeEncoded(byte) {
                encoded += [UInt8(ascii: "%"), hexDigit(byte >> 4), hexDigit(byte & 0xF)]
            } else {
                encoded.append(byte)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func mustBeEncoded(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte > 0x7E || byte == UInt8(ascii: "%")
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
