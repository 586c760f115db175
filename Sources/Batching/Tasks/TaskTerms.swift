public import ServingPrimitives

/// What a scheduler needs to know of a task.
public struct TaskTerms: Sendable, Hashable {
    /// Rows; 0 is allowed.
    public var size: Int
    /// Memory that the task holds while it waits.
    public var byteCount: Int
    /// From when on nobody needs the answer. Without one a task is never dropped.
    public var deadline: Deadline
    /// Tasks of a higher priority go first; 0 is the usual one.
    public var priority: Int
    /// Who asks; tenants share a queue evenly when it cannot serve all. 0 is nobody in particular.
    public var tenant: Int
    public var shape: ShapeClass

    public init(
        size: Int,
        byteCount: Int = 0,
        deadline: Deadline = .never,
        priority: Int = 0,
        tenant: Int = 0,
        shape: ShapeClass = .any
    ) {
        self.size = size
        self.byteCount = byteCount
        self.deadline = deadline
        self.priority = priority
        self.tenant = tenant
        self.shape = shape
    }
}

/// Names a task while it waits, for `cancel`. Of use only to the queue that gave it.
public struct TaskTicket: Sendable, Hashable {
    let number: UInt64

    init(number: UInt64) { self.number = number }
}

/// What a cancelled task had still waiting.
public struct CancelledTask<Payload: Sendable>: Sendable {
    public let payload: Payload
    /// Rows that left the queue.
    public let rows: Int
    /// Whether nothing of the task ran or runs.
    public let isWhole: Bool
}
