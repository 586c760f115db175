/// What a request's run in the engine came to, as far as it got. Times in nanoseconds of the monotonic clock; 0 is a
/// point that was not reached.
public struct RunTimes: Sendable, Hashable {
    /// The request was understood and given to its queue.
    public var queued: UInt64
    /// Its batch, or the first of them, was taken up by a thread.
    public var began: UInt64
    /// The engine was done.
    public var ended: UInt64
    /// Rows of the request.
    public var rows: Int
    /// Rows of all requests of the batch.
    public var batchRows: Int
    /// Requests of the batch.
    public var batchRequests: Int

    public init(
        queued: UInt64 = 0,
        began: UInt64 = 0,
        ended: UInt64 = 0,
        rows: Int = 0,
        batchRows: Int = 0,
        batchRequests: Int = 0
    ) {
        self.queued = queued
        self.began = began
        self.ended = ended
        self.rows = rows
        self.batchRows = batchRows
        self.batchRequests = batchRequests
    }
}
