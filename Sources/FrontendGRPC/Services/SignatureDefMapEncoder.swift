import EngineInterface

/// Writes `tensorflow.serving.SignatureDefMap` around signatures that are serialized already.
///
/// By hand, because a generated message could only be filled by decoding every signature, which loses what our
/// definition of the message does not know.
enum SignatureDefMapEncoder {
    static let typeURL = "type.googleapis.com/tensorflow.serving.SignatureDefMap"

    /// `map<string, SignatureDef> signature_def = 1`, in the order given.
    static func encode(_ signatures: [Signature]) -> [UInt8] {
        var bytes: [UInt8] = []
        for signature in signatures {
            var entry: [UInt8] = []
            append(field: 1, Array(signature.name.utf8), to: &entry)
            append(field: 2, signature.definition, to: &entry)
            append(field: 1, entry, to: &bytes)
        }
        return bytes
    }

    /// One field of wire type 2: tag, length, bytes.
    private static func append(field: UInt8, _ content: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(field << 3 | 2)
        var length = UInt64(content.count)
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        bytes += content
    }
}
