import Synchronization

/// Set by a frontend when nobody waits for the answer any more; read before a queued call is run.
public final class CallCancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    public func cancel() { flag.store(true, ordering: .relaxed) }

    public var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
