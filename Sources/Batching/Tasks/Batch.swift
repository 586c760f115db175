public import ServingPrimitives

/// One task of a batch: a request, or some rows of one that was split.
public struct BatchTask<Payload: Sendable>: Sendable {
    public let payload: Payload
    /// Which rows of the payload; all of them unless it was split.
    public let rows: Range<Int>
    public let terms: TaskTerms
    public let enqueueTime: MonotonicTime

    public init(payload: Payload, rows: Range<Int>, terms: TaskTerms, enqueueTime: MonotonicTime) {
        self.payload = payload
        self.rows = rows
        self.terms = terms
        self.enqueueTime = enqueueTime
    }

    public var size: Int { rows.count }
    public var deadline: Deadline { terms.deadline }
}

/// Tasks that run together.
public struct Batch<Payload: Sendable>: Sendable {
    public private(set) var tasks: [BatchTask<Payload>] = []
    /// The sum of the tasks' sizes.
    public private(set) var size = 0
    /// The class the batch runs in: tasks of other classes have to be padded to it.
    public var shape = ShapeClass.any

    public init() {}

    public var isEmpty: Bool { tasks.isEmpty }

    public mutating func reserveCapacity(_ count: Int) { tasks.reserveCapacity(count) }

    public mutating func append(_ task: BatchTask<Payload>) {
        tasks.append(task)
        size += task.size
    }

    mutating func remove(at index: Int) -> BatchTask<Payload> {
        size -= tasks[index].size
        return tasks.remove(at: index)
    }
}

/// What a run of a batch came to.
public struct BatchOutcome: Sendable, Hashable {
    /// Rows that ran, those included that fill up; 0 when nothing ran.
    public var executedRows: Int
    /// How long the engine was busy.
    public var runNanoseconds: UInt64
    /// Processor time of the thread that ran it; 0 when it was not measured. A run that was preempted took no more of
    /// it than others.
    public var threadNanoseconds: UInt64
    /// Runs that failed teach nothing about time.
    public var succeeded: Bool

    public init(
        executedRows: Int,
        runNanoseconds: UInt64,
        threadNanoseconds: UInt64 = 0,
        succeeded: Bool = true
    ) {
        self.executedRows = executedRows
        self.runNanoseconds = runNanoseconds
        self.threadNanoseconds = threadNanoseconds
        self.succeeded = succeeded
    }

    /// Nothing ran: nobody waited any more, or the batch could not be put together.
    public static let nothing = BatchOutcome(executedRows: 0, runNanoseconds: 0, succeeded: false)
}
