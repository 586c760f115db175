/// `10.0.0.1:8500`, `[fe80::1]:8500`, `host:8500`: where a replica answers.
public struct ReplicaAddress: Sendable, Hashable, CustomStringConvertible {
    /// Without brackets.
    public let host: String
    public let port: Int

    /// `nil` for what is no address, and for those that stand for none: `0.0.0.0`, `[::]`, port 0.
    public init?(_ text: String) {
        guard text.utf8.count <= 300, let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let port = Int(digits),
            (1...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.utf8.contains(UInt8(ascii: ":")) else { return nil }
        } else if host.utf8.contains(UInt8(ascii: ":")) {
            return nil
        }
        let isPlain = host.utf8.allSatisfy { byte in
            (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || [0x2D, 0x2E, 0x3A, 0x5F, 0x25].contains(byte)
        }
        guard isPlain, !host.isEmpty, host != "0.0.0.0", host != "::" else { return nil }
        self.host = String(host)
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
