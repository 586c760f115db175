/// The outcome of SHA-256 (FIPS 180-4).
public struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    /// The eight words of the digest, as four pairs.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest of bytes that are at hand.
    public init(of bytes: some Collection<UInt8>) {
        var hash = SHA256()
        if bytes.withContiguousStorageIfAvailable({ hash.update(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { hash.update($0) }
        }
        self = hash.digest()
    }

    init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// From 64 hexadecimal digits; `nil` for anything else.
    public init?(hexadecimal text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, digit) in digits.enumerated() {
            guard let value = Self.value(of: digit) else { return nil }
            words[index / 16] = words[index / 16] << 4 | UInt64(value)
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// From 32 bytes, the first byte first; `nil` for another number of them.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// Whether both are the same, told in a time that does not depend on where they differ.
    public func equals(_ other: SHA256Digest) -> Bool {
        let difference =
            (words.0 ^ other.words.0) | (words.1 ^ other.words.1) | (words.2 ^ other.words.2)
            | (words.3 ^ other.words.3)
        return difference == 0
    }

    /// 64 hexadecimal digits, as `sha256sum` writes them.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 60, through: 0, by: -4) {
                text.append(digits[Int(truncatingIfNeeded: word >> UInt64(shift)) & 0xF])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    public static func == (a: SHA256Digest, b: SHA256Digest) -> Bool { a.equals(b) }

    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - 0x61 + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - 0x41 + 10
        default: nil
        }
    }
}
