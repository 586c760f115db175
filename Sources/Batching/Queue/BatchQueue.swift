public import ServingPrimitives

/// The queue of TensorFlow Serving's `BatchingParameters`: one open batch that takes tasks, and closed ones before it.
///
/// A batch is due when it is full, when a successor closed it, or when its first task has waited long enough. Rules and
/// texts are those of TensorFlow's `shared_batch_scheduler.h`, but for one: tasks without rows do not wait for one that
/// has some.
public struct BatchQueue<Payload: Sendable>: BatchForming {
    public let limits: BatchLimits
    private var open = Batch<Payload>()
    /// When the open batch got its first task.
    private var openTime = MonotonicTime.distantPast
    /// Oldest first, from `firstClosed` on.
    private var closed: [Batch<Payload>] = []
    private var firstClosed = 0
    private var isDraining = false

    public init(limits: BatchLimits) {
        precondition(limits.maximumTaskSize > 0 && limits.maximumBatchSize > 0, "a batch has room for a row")
        precondition(limits.maximumEnqueuedBatches > 0, "a queue has room for a batch")
        precondition(
            limits.splitsTasks || limits.maximumBatchSize >= limits.maximumTaskSize,
            "a task that is not split fits into a batch"
        )
        self.limits = limits
    }

    /// Batches that wait, the open one counted even while it is empty.
    public var enqueuedBatches: Int { closed.count - firstClosed + 1 }

    /// Size of the open batch.
    public var openBatchSize: Int { open.size }

    public var isEmpty: Bool { open.isEmpty && firstClosed == closed.count }

    // MARK: Tasks in

    public mutating func enqueue(
        _ payload: Payload,
        size: Int,
        deadline: Deadline,
        at now: MonotonicTime
    ) throws(ServingError) {
        precondition(size >= 0, "a task has no negative size")
        try admit(size)
        guard limits.splitsTasks, size > room else {
            if size > room || isOpenBatchCrowded { closeOpenBatch() }
            append(BatchTask(payload: payload, rows: 0..<size, deadline: deadline, enqueueTime: now))
            return
        }
        var start = 0
        while start < size {
            if room == 0 { closeOpenBatch() }
            let end = start + min(room, size - start)
            append(BatchTask(payload: payload, rows: start..<end, deadline: deadline, enqueueTime: now))
            start = end
        }
    }

    /// Rows the open batch can still take.
    private var room: Int { isOpenBatchCrowded ? 0 : limits.maximumBatchSize - open.size }

    /// Tasks without rows fill no batch, so that their number needs a bound of its own.
    private var isOpenBatchCrowded: Bool { open.tasks.count >= max(limits.maximumBatchSize, Self.maximumTasks) }
    private static var maximumTasks: Int { 1024 }

    private func admit(_ size: Int) throws(ServingError) {
        guard size <= limits.maximumTaskSize else {
            throw .invalidArgument(
                "Task size \(size) is larger than maximum input batch size \(limits.maximumTaskSize)"
            )
        }
        if limits.splitsTasks, size > capacity { throw refusal(of: size) }
        let needsBatch = isOpenBatchCrowded || (size > room && !limits.splitsTasks)
        if needsBatch, enqueuedBatches >= limits.maximumEnqueuedBatches { throw refusal }
    }

    /// Rows that all batches together can still take.
    private var capacity: Int {
        let (rows, overflow) = (limits.maximumEnqueuedBatches - enqueuedBatches)
            .multipliedReportingOverflow(by: limits.maximumBatchSize)
        let (sum, sumOverflow) = rows.addingReportingOverflow(room)
        return overflow || sumOverflow ? .max : sum
    }

    private var refusal: ServingError {
        .unavailable(
            "The batch scheduling queue to which this task was submitted is full; currently \(enqueuedBatches) batches "
                + "enqueued and max_enqueued_batches is \(limits.maximumEnqueuedBatches)"
        )
    }

    private func refusal(of size: Int) -> ServingError {
        .unavailable(
            "The batch scheduling queue to which this task was submitted is full; task size is \(size) but scheduling "
                + "capacity is only \(capacity) (num_enqueued_batches=\(enqueuedBatches), "
                + "max_enqueued_batches=\(limits.maximumEnqueuedBatches), open_batch_size=\(open.size), "
                + "max_execution_batch_size=\(limits.maximumBatchSize))"
        )
    }

    private mutating func append(_ task: BatchTask<Payload>) {
        if open.isEmpty { openTime = task.enqueueTime }
        open.append(task)
    }

    private mutating func closeOpenBatch() {
        closed.append(open)
        open = Batch()
    }

    // MARK: Batches out

    public var dueTime: MonotonicTime? {
        if firstClosed < closed.count { return .distantPast }
        if open.isEmpty { return nil }
        if isDraining || room == 0 { return .distantPast }
        return openTime.advanced(byNanoseconds: limits.maximumWaitNanoseconds)
    }

    public mutating func takeBatch(at now: MonotonicTime) -> Batch<Payload>? {
        guard let dueTime, dueTime <= now else { return nil }
        guard firstClosed < closed.count else {
            defer { open = Batch() }
            return open
        }
        let batch = closed[firstClosed]
        closed[firstClosed] = Batch()
        firstClosed += 1
        forgetTakenBatches()
        return batch
    }

    public mutating func drain() { isDraining = true }

    /// Bounds the dead front of a queue that never runs empty.
    private mutating func forgetTakenBatches() {
        guard firstClosed == closed.count || firstClosed >= 64 && firstClosed * 2 >= closed.count else { return }
        closed.removeFirst(firstClosed)
        firstClosed = 0
    }
}

extension MonotonicTime {
    /// Before every other time.
    public static let distantPast = MonotonicTime(nanoseconds: 0)
}
