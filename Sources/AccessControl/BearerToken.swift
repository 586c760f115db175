/// The token in the value of an `Authorization` field (RFC 6750).
public enum BearerToken {
    /// `nil` for other schemes, which are not this server's.
    public static func find<Bytes: RandomAccessCollection<UInt8>>(in value: Bytes) -> Bytes.SubSequence? {
        let scheme = "bearer ".utf8
        guard value.count > scheme.count, zip(value, scheme).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 }) else {
            return nil
        }
        return value.dropFirst(scheme.count).drop { $0 == 0x20 }
    }
}
