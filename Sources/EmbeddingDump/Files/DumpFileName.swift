import ServingPrimitives

/// The name of a file of a dump: `BASE-00002-of-00004` holds entries, `BASE.meta-00002-of-00004` says which tables they are
/// of.
struct DumpFileName: Hashable {
    var base: String
    var isMetadata: Bool
    /// From 0.
    var shard: Int
    var shardCount: Int

    static let maximumShardCount = 99_999

    init(base: String, isMetadata: Bool = false, shard: Int, shardCount: Int) {
        self.base = base
        self.isMetadata = isMetadata
        self.shard = shard
        self.shardCount = shardCount
    }

    /// `nil` for other files, and for those that a save which was cut short has left behind (`BASE-tmp-NUMBER-…`).
    init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard bytes.count > Self.suffixLength else { return nil }
        let suffix = bytes.suffix(Self.suffixLength)
        let start = suffix.startIndex
        guard suffix[start] == UInt8(ascii: "-"), suffix[(start + 6)..<(start + 10)].elementsEqual("-of-".utf8),
            let shard = Self.number(suffix[(start + 1)..<(start + 6)]),
            let shardCount = Self.number(suffix[(start + 10)...])
        else { return nil }
        var base = String(decoding: bytes.dropLast(Self.suffixLength), as: UTF8.self)
        let isMetadata = base.hasSuffix(Self.metadataMark)
        if isMetadata { base.removeLast(Self.metadataMark.count) }
        guard !base.isEmpty, !Self.isTemporary(base) else { return nil }
        self.init(base: base, isMetadata: isMetadata, shard: shard, shardCount: shardCount)
    }

    var text: String {
        "\(base)\(isMetadata ? Self.metadataMark : "")-\(shard.padded(5))-of-\(shardCount.padded(5))"
    }

    /// What a file is called until it is whole.
    func temporary(_ number: UInt64) -> DumpFileName {
        var name = self
        name.base = "\(base)\(Self.temporaryMark)\(number)"
        return name
    }

    private static let metadataMark = ".meta"
    private static let temporaryMark = "-tmp-"
    /// `-00002-of-00004`
    private static let suffixLength = 15

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    private static func isTemporary(_ base: String) -> Bool {
        let digits = base.reversed().prefix { $0.isASCII && $0.isNumber }
        return !digits.isEmpty && base.dropLast(digits.count).hasSuffix(temporaryMark)
    }
}
