package import ServingPrimitives

/// What a version in memory is worth keeping, compared to others. The server evicts by `costAware`; the others are there
/// to compare it with.
package enum EvictionPolicy: String, Sendable, Hashable, CaseIterable {
    /// Recency × frequency × reload time ÷ bytes: what a byte of memory spends of waiting.
    case costAware = "cost-aware"
    case leastRecentlyUsed = "LRU"
    case leastFrequentlyUsed = "LFU"
    /// Knows what comes: evicts what is needed last, by what its bytes cost until then.
    case clairvoyant

    /// Age at which a version counts half as much as one that was just used, in nanoseconds.
    private static let recency = 600e9

    /// The least valuable goes first.
    package func value(of resident: CacheSnapshot.Resident, at now: MonotonicTime) -> Double {
        switch self {
        case .costAware:
            let age = Double(now.nanoseconds(since: resident.lastUse))
            let recency = Self.recency / (Self.recency + age)
            return recency * resident.frequency * Double(max(resident.reloadNanoseconds, 1))
                / Double(max(resident.bytes, 1))
        case .leastRecentlyUsed: return Double(resident.lastUse.nanoseconds)
        case .leastFrequentlyUsed: return resident.frequency
        case .clairvoyant:
            guard let next = resident.nextUse else { return 0 }
            return Double(max(resident.reloadNanoseconds, 1)) / Double(max(resident.bytes, 1))
                / Double(max(next.nanoseconds(since: now), 1))
        }
    }
}
