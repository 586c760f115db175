import ServingPrimitives
import Synchronization

/// How much memory decompressed bodies may take, all requests of a server together.
package final class MemoryBudget: Sendable {
    private let limit: Int
    private let used = Atomic<Int>(0)

    package init(limit: Int) { self.limit = limit }

    /// Bytes claimed now.
    var claimedByteCount: Int { used.load(ordering: .relaxed) }

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
package final class MemoryClaim: @unchecked Sendable {
    // Sendable: whoever decompresses a body is the only one to use its claim.
    private let budget: MemoryBudget
    private var byteCount = 0

    package init(_ budget: MemoryBudget) { self.budget = budget }

    /// - Throws: `RESOURCE_EXHAUSTED` when the budget is used up.
    func grow(to total: Int) throws(ServingError) {
        guard total > byteCount else { return }
        guard budget.claim(total - byteCount) else {
            throw ServingError(
                .resourceExhausted,
                "The server holds as many bytes of decompressed requests as it may; retry later"
            )
        }
        byteCount = total
    }

    deinit { budget.give(back: byteCount) }
}
