public import ServingPrimitives

/// A queue that makes batches of tasks, as a value without threads or clock: what `BatchScheduler` serves.
///
/// Kinds of queues differ in when they let a batch go and what they put into it; how threads share them does not.
/// `BatchQueue` follows TensorFlow Serving's parameters, `AdaptiveQueue` needs none.
public protocol BatchForming<Payload>: Sendable {
    associatedtype Payload: Sendable

    /// Takes a task.
    ///
    /// - Throws: why it is not accepted; no task changes then.
    mutating func enqueue(
        _ payload: Payload,
        _ terms: TaskTerms,
        at now: MonotonicTime,
        _ pool: PoolState
    ) throws(TaskRefusal) -> TaskTicket

    /// From when on a batch can be taken, if no further task comes; `nil` when the queue is empty.
    var dueTime: MonotonicTime? { get }

    /// How urgent its most urgent task is, compared with other queues.
    var urgency: Urgency { get }

    /// The next batch, when one is due, and what is given up for it. The queue never gives out a task twice.
    mutating func takeBatch(at now: MonotonicTime, _ pool: PoolState) -> BatchRelease<Payload>

    /// Takes a task out that still waits, with its rows; `nil` when it does not wait any more.
    mutating func cancel(_ ticket: TaskTicket) -> CancelledTask<Payload>?

    /// A batch of the queue has run.
    mutating func finished(_ batch: FinishedBatch, at now: MonotonicTime)

    /// A run outside of the queue (a warm-up) took that long.
    mutating func learn(_ shape: ShapeClass, rows: Int, nanoseconds: UInt64)

    /// How long everything that waits is expected to run as one batch; `nil` when nobody can say.
    var predictedNanoseconds: UInt64? { get }

    /// Engine time that its tasks need per time, in threads, at the rate at which they came lately.
    func demand(at now: MonotonicTime) -> Double

    /// From now on no batch waits for company.
    mutating func drain()

    /// Whether no task waits.
    var isEmpty: Bool { get }

    /// What the queue knows and did, for people.
    func explanation(at now: MonotonicTime, _ pool: PoolState) -> QueueExplanation
}

/// Which of several queues goes first.
public struct Urgency: Sendable, Hashable {
    public var priority: Int
    /// When the task should be served; a task without a deadline has one for this purpose only.
    public var time: MonotonicTime

    public init(priority: Int = 0, time: MonotonicTime) {
        self.priority = priority
        self.time = time
    }

    /// A task without a deadline goes before tasks whose deadline is later than this after it came.
    static let patience: UInt64 = 1_000_000_000

    /// When a task should be served that came at `now`.
    static func time(_ deadline: Deadline, enqueuedAt now: MonotonicTime) -> MonotonicTime {
        deadline.isNever ? now.advanced(byNanoseconds: patience) : deadline.time
    }
}
