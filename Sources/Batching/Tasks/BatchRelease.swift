public import ServingPrimitives

/// Why a batch was released with the rows it has.
public enum ReleaseReason: String, Sendable, Hashable, CaseIterable {
    /// A thread was free and took all that waited.
    case everythingWaiting = "a thread was free; everything that waited"
    /// More rows would not have run cheaper.
    case economicSize = "more rows would not have been cheaper per row"
    /// One more row would have made a task late.
    case deadline = "a larger batch would have missed a deadline"
    /// The queue's bound on rows of a batch.
    case full = "the batch was full"
    /// Twice the largest batch that was ever timed.
    case exploring = "twice the largest batch whose time is known"
    /// Rows are left for other threads.
    case shared = "the rest was left to other idle threads"
    /// TensorFlow Serving's timeout.
    case timeout = "the first task had waited for batch_timeout_micros"
    /// Nothing waits for company any more.
    case draining = "the server drains its queues"
    /// Nothing to compute.
    case noRows = "tasks without rows do not wait"
}

/// Why a task was given up.
public enum DropReason: String, Sendable, Hashable, CaseIterable {
    /// Its time ran out while it waited.
    case expired = "the deadline passed in the queue"
    /// Its time is shorter than a run.
    case hopeless = "no run could have finished in time"
    /// It would have forced a batch so small that more of the others had been late.
    case sacrificed = "it would have forced a small batch and made others late"
}

/// What a queue gives out at once: a batch to run, tasks to give up, or neither.
public struct BatchRelease<Payload: Sendable>: Sendable {
    /// Empty when nothing is to be run.
    public var batch = Batch<Payload>()
    public var reason = ReleaseReason.everythingWaiting
    /// How long the batch is expected to run; `nil` when nothing is known.
    public var predictedNanoseconds: UInt64?
    public var dropped: [DroppedTask<Payload>] = []
    /// Which of the queue's releases it is, from 0.
    public var number = 0

    public init() {}

    public var isEmpty: Bool { batch.isEmpty && dropped.isEmpty }
}

/// A batch that ran, for the queue that released it to learn from.
public struct FinishedBatch: Sendable {
    /// Of its kind in the queue's releases.
    public var shape: ShapeClass
    public var rows: Int
    public var tasks: Int
    public var releaseTime: MonotonicTime
    public var predictedNanoseconds: UInt64?
    public var outcome: BatchOutcome
    /// Which release of the queue it was, from 0.
    public var number: Int

    public init<Payload>(_ release: BatchRelease<Payload>, at releaseTime: MonotonicTime, _ outcome: BatchOutcome) {
        shape = release.batch.shape
        rows = release.batch.size
        tasks = release.batch.tasks.count
        self.releaseTime = releaseTime
        predictedNanoseconds = release.predictedNanoseconds
        self.outcome = outcome
        number = release.number
    }
}
