/// What one load did to one target.
public struct LoadResult: Sendable {
    public var target: Int
    public var level: LoadPlan.Level
    public var tally: SliceTally
    /// Rows of the batches that the server ran meanwhile, where its metrics say so.
    public var batches: BatchSizes?

    var seconds: Double { Double(tally.duration) / 1e9 }

    /// Good answers of any age, and those within the deadline, a second.
    public var answerRate: Double { seconds > 0 ? Double(tally.ok) / seconds : 0 }
    public var goodput: Double { seconds > 0 ? Double(tally.good) / seconds : 0 }
    public var offeredRate: Double { seconds > 0 ? Double(tally.offered) / seconds : 0 }

    /// Microseconds for each request that was answered, with or without success.
    public var serverCPU: Double? { tally.serverCPU.map { perRequest($0) } }
    public var clientCPU: Double { perRequest(tally.clientCPU) }

    private func perRequest(_ nanoseconds: UInt64) -> Double {
        Double(nanoseconds) / 1e3 / Double(max(1, tally.offered))
    }
}

/// Rows of batches, as a metrics page counts them.
public struct BatchSizes: Sendable, Equatable {
    /// Upper bounds of the buckets, ascending, and how many batches were in each.
    public var buckets: [(bound: Double, count: UInt64)]
    public var batchCount: UInt64
    public var rowCount: Double

    public var mean: Double { batchCount == 0 ? 0 : rowCount / Double(batchCount) }

    public static func == (a: BatchSizes, b: BatchSizes) -> Bool {
        a.batchCount == b.batchCount && a.rowCount == b.rowCount
            && a.buckets.elementsEqual(b.buckets) { $0.bound == $1.bound && $0.count == $1.count }
    }
}
