/// How long rows are kept that nobody changes: Monolith's `SlotExpireTimeConfig`.
public struct ExpiryPolicy: Sendable, Hashable {
    /// Seconds for ids of slots that have no time of their own.
    public var defaultSeconds: UInt32
    /// Seconds by slot. The slot of an id is its bits 48 to 62.
    public var secondsBySlot: [Int: UInt32]

    public init(defaultSeconds: UInt32, secondsBySlot: [Int: UInt32] = [:]) {
        self.defaultSeconds = defaultSeconds
        self.secondsBySlot = secondsBySlot
    }

    static func slot(of id: Int64) -> Int { Int(id >> 48 & 0x7FFF) }

    /// Rows whose time nobody knows (0) stay: exports of Monolith have none for what came by updates, and all of
    /// those would go at once.
    func isExpired(_ id: Int64, timestamp: UInt32, now: UInt32) -> Bool {
        guard timestamp != 0, now > timestamp else { return false }
        let limit = secondsBySlot.isEmpty ? defaultSeconds : secondsBySlot[Self.slot(of: id)] ?? defaultSeconds
        return now - timestamp >= limit
    }
}
