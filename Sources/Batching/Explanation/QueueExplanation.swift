public import ServingPrimitives

/// What a queue knows, what it did lately and why.
public struct QueueExplanation: Sendable, Hashable {
    /// How it forms batches.
    public enum Policy: String, Sendable, Hashable {
        case adaptive
        case batchingParameters = "batching_parameters"
    }

    public var policy: Policy
    public var depth = QueueDepth()
    /// Rows that came per second lately, those refused included.
    public var arrivalRowsPerSecond = 0.0
    /// Rows that ran per second lately.
    public var serviceRowsPerSecond = 0.0
    public var limit = ThroughputLimit.idle
    public var curves: [CurveExplanation] = []
    /// Oldest first.
    public var releases: [ReleaseRecord] = []
    /// How many tasks were given up, by reason, since the queue exists.
    public var drops: [DropReason: Int] = [:]
    /// How many tasks were not accepted.
    public var refusals: [RefusalReason: Int] = [:]
    /// The last of both. Oldest first.
    public var losses: [LossRecord] = []

    public init(policy: Policy) { self.policy = policy }
}

/// What waits.
public struct QueueDepth: Sendable, Hashable {
    public var tasks: Int
    public var rows: Int
    public var bytes: Int

    public init(tasks: Int = 0, rows: Int = 0, bytes: Int = 0) {
        self.tasks = tasks
        self.rows = rows
        self.bytes = bytes
    }
}

/// What keeps a queue from serving more rows a second.
public enum ThroughputLimit: String, Sendable, Hashable {
    case idle = "idle: nothing came lately"
    case arrivals = "arrivals: everything that comes is served"
    case engineThreads = "engine threads: all are busy and tasks wait"
    case otherModels = "other models: tasks wait while threads serve other queues"
    case deadlines = "deadlines: batches are kept small so that their tasks are in time"
    case rowsBound = "rows bound: batches reach their bound on rows"
    case batchTimeout = "batch timeout: batches wait for company"
}

/// Time of a batch of n rows, as learnt.
public struct CurveExplanation: Sendable, Hashable {
    public struct Point: Sendable, Hashable {
        public var rows: Double
        public var nanoseconds: Double
        /// Runs that the point was learnt from.
        public var samples: Int

        public init(rows: Double, nanoseconds: Double, samples: Int) {
            self.rows = rows
            self.nanoseconds = nanoseconds
            self.samples = samples
        }
    }

    public var shape: ShapeClass
    /// In order of rows.
    public var points: [Point]
    /// Of all sizes whose time is known, the one that is cheapest per row.
    public var bestRows: Int
    /// Predictions are multiplied with it where a deadline is at stake.
    public var safety: Double

    public init(shape: ShapeClass, points: [Point], bestRows: Int, safety: Double) {
        self.shape = shape
        self.points = points
        self.bestRows = bestRows
        self.safety = safety
    }
}

/// A batch that was released.
public struct ReleaseRecord: Sendable, Hashable {
    public var time: MonotonicTime
    public var shape: ShapeClass
    public var rows: Int
    public var tasks: Int
    public var reason: ReleaseReason
    public var predictedNanoseconds: UInt64?
    /// `nil` while it runs, and when it failed.
    public var measuredNanoseconds: UInt64?
    /// Rows that ran, when it has: padding to an allowed size included.
    public var executedRows: Int?
    /// What the queue kept.
    public var left: QueueDepth
}

/// Why a task was not accepted.
public enum RefusalReason: String, Sendable, Hashable, CaseIterable {
    case tooLate = "its predicted finish was after its deadline"
    case queueFull = "the queue was full"
    case tooLarge = "the task was larger than a batch may be"
}

/// A task that was given up or not accepted.
public struct LossRecord: Sendable, Hashable {
    public enum Reason: Sendable, Hashable {
        case dropped(DropReason)
        case refused(RefusalReason)
    }

    public var time: MonotonicTime
    public var reason: Reason
    public var rows: Int
    /// How long it had waited.
    public var waitedNanoseconds: UInt64
    /// Time to its deadline when it came; `nil` without one.
    public var budgetNanoseconds: UInt64?
    /// How long it was expected to take when it was given up; `nil` when nothing was known.
    public var predictedNanoseconds: UInt64?
}
