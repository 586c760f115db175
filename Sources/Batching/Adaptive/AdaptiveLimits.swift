/// Bounds of an adaptive queue. They protect memory; none has to be set for speed.
public struct AdaptiveLimits: Sendable, Hashable {
    /// Rows that wait at most. One task is taken into an empty queue whatever its size.
    public var maximumQueuedRows: Int
    /// Tasks that wait at most.
    public var maximumQueuedTasks: Int
    /// Memory that waiting tasks hold at most, with the same exception.
    public var maximumQueuedBytes: Int
    /// Rows of a batch, unless one task alone has more.
    public var maximumBatchRows: Int
    /// Tasks of a batch; 1 for models whose runs cannot share a batch.
    public var maximumBatchTasks: Int

    public init(
        maximumQueuedRows: Int = 1 << 20,
        maximumQueuedTasks: Int = 65_536,
        maximumQueuedBytes: Int = 256 << 20,
        maximumBatchRows: Int = 16_384,
        maximumBatchTasks: Int = 16_384
    ) {
        self.maximumQueuedRows = maximumQueuedRows
        self.maximumQueuedTasks = maximumQueuedTasks
        self.maximumQueuedBytes = maximumQueuedBytes
        self.maximumBatchRows = maximumBatchRows
        self.maximumBatchTasks = maximumBatchTasks
    }
}
