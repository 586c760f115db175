/// Spreads ids over 64 bits. No two ids have the same hash: tables are sorted by it.
struct IDHash: Sendable, Hashable {
    /// Random for each table, so that nobody can choose ids that fall together.
    var seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    /// Each step can be undone, so the whole can.
    @inline(__always)
    func callAsFunction(_ id: Int64) -> UInt64 {
        var hash = UInt64(bitPattern: id) ^ seed
        hash ^= hash >> 32
        hash = hash &* 0xE98_46AF_9B1A_615D
        hash ^= hash >> 32
        hash = hash &* 0xE98_46AF_9B1A_615D
        hash ^= hash >> 28
        return hash
    }

    /// Where in `count` places a hash belongs: in the order of the hashes, evenly.
    @inline(__always)
    static func place(_ hash: UInt64, of count: UInt64) -> Int {
        Int(truncatingIfNeeded: hash.multipliedFullWidth(by: count).high)
    }
}
