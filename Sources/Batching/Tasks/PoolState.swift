/// What a queue is told of the threads that serve it, at the moment it decides.
public struct PoolState: Sendable, Hashable {
    /// Threads that run batches.
    public var threads: Int
    /// Those of them that run nothing; while a thread asks for a batch, it counts itself.
    public var idleThreads: Int
    /// When the first of the threads is expected to be free; 0 when one is.
    public var nanosecondsUntilFree: UInt64
    /// Engine time that the tasks of other queues ask for, as a share of all threads: 1 is all there is.
    public var otherDemand: Double

    public init(threads: Int, idleThreads: Int, nanosecondsUntilFree: UInt64 = 0, otherDemand: Double = 0) {
        self.threads = threads
        self.idleThreads = idleThreads
        self.nanosecondsUntilFree = nanosecondsUntilFree
        self.otherDemand = otherDemand
    }

    /// One thread that is free.
    public static let idle = PoolState(threads: 1, idleThreads: 1)
}
