public import ServingPrimitives

/// One task of a batch: a request, or some rows of one that was split.
public struct BatchTask<Payload: Sendable>: Sendable {
    public let payload: Payload
    /// Which rows of the payload; all of them unless it was split.
    public let rows: Range<Int>
    public let deadline: Deadline
    public let enqueueTime: MonotonicTime

    public init(payload: Payload, rows: Range<Int>, deadline: Deadline, enqueueTime: MonotonicTime) {
        self.payload = payload
        self.rows = rows
        self.deadline = deadline
        self.enqueueTime = enqueueTime
    }

    public var size: Int { rows.count }
}

/// Tasks that run together, in the order they came.
public struct Batch<Payload: Sendable>: Sendable {
    public private(set) var tasks: [BatchTask<Payload>] = []
    /// The sum of the tasks' sizes.
    public private(set) var size = 0

    public init() {}

    public var isEmpty: Bool { tasks.isEmpty }

    public mutating func append(_ task: BatchTask<Payload>) {
        tasks.append(task)
        size += task.size
    }
}
