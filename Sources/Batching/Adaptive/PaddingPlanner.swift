/// Decides which tasks of other shape classes join a batch, padded. Pure.
struct PaddingPlanner {
    /// A padded run has to be cheaper than two runs by this factor.
    private static let worthwhile = 0.95

    let now: UInt64
    /// Of the class that the batch runs in.
    private(set) var curve: LatencyCurve
    private(set) var shape: ShapeClass
    private(set) var rows: Int
    /// The first of the batch.
    private(set) var deadline: UInt64
    let limits: AdaptiveLimits

    init(
        now: UInt64,
        curve: LatencyCurve,
        shape: ShapeClass,
        rows: Int,
        deadline: UInt64,
        limits: AdaptiveLimits
    ) {
        self.now = now
        self.curve = curve
        self.shape = shape
        self.rows = rows
        self.deadline = deadline
        self.limits = limits
    }

    /// How long the batch is expected to run.
    var nanoseconds: Double { curve.nanoseconds(rows: rows) }

    /// Adds the first tasks of another class if that pays, and returns how many.
    mutating func add(_ tasks: some PlannedTasks, of other: ShapeClass, _ own: LatencyCurve, room: Int) -> Int {
        guard !own.isUnknown else { return 0 }
        let isWider = other.elementsPerRow > shape.elementsPerRow
        let wide = isWider ? own : curve
        var count = 0
        var sum = rows
        var first = deadline
        // Sizes that never ran are not tried with tasks that could run by themselves.
        let limit = min(limits.maximumBatchRows, wide.largestRows * 2)
        while count < min(tasks.count, room), sum + tasks.task(count).rows <= limit {
            sum += tasks.task(count).rows
            first = min(first, tasks.task(count).deadline)
            count += 1
        }
        guard count > 0 else { return 0 }
        let together = wide.nanoseconds(rows: sum)
        let apart = nanoseconds + own.nanoseconds(rows: sum - rows)
        let end = Double(now) + together * max(wide.safety, curve.safety)
        guard together < apart * Self.worthwhile, first == .max || end <= Double(first) else { return 0 }
        curve = wide
        shape = isWider ? other : shape
        rows = sum
        deadline = first
        return count
    }
}
