/// How the tasks of one queue become batches; what TensorFlow calls the options of a queue.
public struct BatchLimits: Sendable, Hashable {
    /// Size of the largest task that is accepted.
    public var maximumTaskSize: Int
    /// Size of the largest batch. At least `maximumTaskSize`, unless tasks are split.
    public var maximumBatchSize: Int
    /// How long the first task of an open batch waits for company; 0 takes the batch as soon as a thread is free.
    public var maximumWaitNanoseconds: UInt64
    /// Batches that wait at most, the open one counted and those that run not.
    public var maximumEnqueuedBatches: Int
    /// Spreads a task that an open batch has no room for over several batches.
    public var splitsTasks: Bool

    public init(
        maximumTaskSize: Int = 1000,
        maximumBatchSize: Int? = nil,
        maximumWaitNanoseconds: UInt64 = 0,
        maximumEnqueuedBatches: Int = 10,
        splitsTasks: Bool = false
    ) {
        self.maximumTaskSize = maximumTaskSize
        self.maximumBatchSize = maximumBatchSize ?? maximumTaskSize
        self.maximumWaitNanoseconds = maximumWaitNanoseconds
        self.maximumEnqueuedBatches = maximumEnqueuedBatches
        self.splitsTasks = splitsTasks
    }
}
