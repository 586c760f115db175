import GRPCCore

/// Messages as the bytes they are: the test builds and reads them with the official Python classes.
struct BytesSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) -> Bytes { Bytes(message) }
}

struct BytesDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ serialized: Bytes) -> [UInt8] {
        serialized.withUnsafeBytes { [UInt8]($0) }
    }
}
