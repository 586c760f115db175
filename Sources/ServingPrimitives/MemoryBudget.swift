import Synchronization

/// How much memory requests may take, all of a server together.
public final class MemoryBudget: Sendable {
    private let limit: Int
    private let used = Atomic<Int>(0)

    /// - Parameter limit: in bytes.
    public init(limit: Int) { self.limit = limit }

    /// Bytes claimed now.
    public var claimedByteCount: Int { used.load(ordering: .relaxed) }

    fileprivate func claim(_ byteCount: Int) -> Bool {
        guard used.add(byteCount, ordering: .relaxed).newValue <= limit else {
            give(back: byteCount)
            return false
        }
        return true
    }

    fileprivate func give(back byteCount: Int) { used.subtract(byteCount, ordering: .relaxed) }
}

/// One request's part of a budget; given back with the last reference.
public final class MemoryClaim: @unchecked Sendable {
    // Sendable: one thread at a time makes a claim grow, the one that reads or decompresses the body it is for.

    /// Bodies up to this size are not counted: their number is bounded by those of connections and streams.
    public static let uncountedByteCount = 64 << 10

    private let budget: MemoryBudget
    private var byteCount = 0

    public init(_ budget: MemoryBudget) { self.budget = budget }

    /// - Returns: whether the budget has room for that; if not, the claim is as it was.
    public func canGrow(to total: Int) -> Bool {
        guard total > byteCount else { return true }
        guard budget.claim(total - byteCount) else { return false }
        byteCount = total
        return true
    }

    /// - Throws: `RESOURCE_EXHAUSTED` when the budget is used up.
    public func grow(to total: Int) throws(ServingError) {
        guard canGrow(to: total) else {
            throw ServingError(
                .resourceExhausted,
                "The server holds as many bytes of requests as it may; retry later"
            )
        }
    }

    deinit { budget.give(back: byteCount) }
}
