public import ServingPrimitives

/// A queue that makes batches of tasks, as a value without threads or clock: what `BatchScheduler` serves.
///
/// Kinds of queues differ in when they let a batch go and what they put into it; how threads share them does not.
public protocol BatchForming<Payload>: Sendable {
    associatedtype Payload: Sendable

    /// Takes a task of `size` rows.
    ///
    /// - Throws: why it is not accepted; the queue is as it was.
    mutating func enqueue(
        _ payload: Payload,
        size: Int,
        deadline: Deadline,
        at now: MonotonicTime
    ) throws(ServingError)

    /// From when on a batch can be taken, if no further task comes; `nil` when the queue is empty.
    var dueTime: MonotonicTime? { get }

    /// The next batch, when one is due. The queue never gives out a task twice.
    mutating func takeBatch(at now: MonotonicTime) -> Batch<Payload>?

    /// From now on no batch waits for company.
    mutating func drain()

    /// Whether no task waits.
    var isEmpty: Bool { get }
}
