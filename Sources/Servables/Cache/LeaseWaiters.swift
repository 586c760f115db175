import ServingPrimitives

/// Requests that wait for versions to be loaded. A plain value.
struct LeaseWaiters {
    typealias Completion = @Sendable (Result<ServableLease, ServingError>) -> Void

    struct Waiter {
        let number: UInt64
        let id: ServableID
        let name: String
        let choice: VersionChoice
        let deadline: Deadline
        let completion: Completion
    }

    /// Requests in memory while they wait: bounded, as each holds its inputs.
    static let maximumCount = 16_384

    private var waiters: [ServableID: [Waiter]] = [:]
    private(set) var count = 0

    mutating func add(_ waiter: Waiter) {
        waiters[waiter.id, default: []].append(waiter)
        count += 1
    }

    mutating func take(_ id: ServableID) -> [Waiter] {
        let taken = waiters.removeValue(forKey: id) ?? []
        count -= taken.count
        return taken
    }

    mutating func remove(_ number: UInt64, waitingFor id: ServableID) {
        guard let index = waiters[id]?.firstIndex(where: { $0.number == number }) else { return }
        waiters[id]?.remove(at: index)
        if waiters[id]?.isEmpty ?? false { waiters[id] = nil }
        count -= 1
    }
}

/// A request that waits for a version to be loaded.
public struct LeaseWait: Sendable {
    private let onCancel: @Sendable () -> Void

    public init(onCancel: @escaping @Sendable () -> Void) { self.onCancel = onCancel }

    /// Nobody waits any more; the load goes on. The completion may still be called by a thread that is about to.
    public func cancel() { onCancel() }
}
