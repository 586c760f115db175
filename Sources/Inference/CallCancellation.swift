public import ServingPrimitives
import Synchronization

/// Set by a frontend when nobody waits for the answer any more; read before a queued call is run.
public final class CallCancellation: Sendable {
    private let flag = Atomic<Bool>(false)
    private let batched = Atomic<Bool>(false)

    public init() {}

    public func cancel() { flag.store(true, ordering: .relaxed) }

    public var isCancelled: Bool { flag.load(ordering: .relaxed) }

    /// What to answer when the deadline passes now: TensorFlow Serving tells calls that expired while they waited for
    /// their batch from those that ran too long.
    public var timeoutError: ServingError {
        batched.load(ordering: .relaxed)
            ? ServingError(.resourceExhausted, "Run() timeout exceeded while waiting in batching queue")
            : .deadlineExceeded("Timed out waiting for notification")
    }

    /// Said by the batcher: whether the call waits for its batch now.
    func setWaitsForBatch(_ waits: Bool) { batched.store(waits, ordering: .relaxed) }
}
