public import ServingPrimitives

/// The queue of TensorFlow Serving's `BatchingParameters`: one open batch that takes tasks, and closed ones before it.
///
/// A batch is due when it is full, when a successor closed it, or when its first task has waited long enough. Rules and
/// texts are those of TensorFlow's `shared_batch_scheduler.h`, but for one: tasks without rows do not wait for one that
/// has some.
public struct BatchQueue<Payload: Sendable>: BatchForming {
    public let limits: BatchLimits
    private var open = WaitingBatch<Payload>()
    /// When the open batch got its first task.
    private var openTime = MonotonicTime.distantPast
    /// Oldest first, from `firstClosed` on.
    private var closed: [WaitingBatch<Payload>] = []
    private var firstClosed = 0
    private var isDraining = false
    private var nextTicket: UInt64 = 0
    private var depth = QueueDepth()
    private var history = QueueHistory()
    private var arrivals = RateMeter()
    private var services = RateMeter()
    private var curves = CurveLibrary()

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
        _ terms: TaskTerms,
        at now: MonotonicTime,
        _ pool: PoolState
    ) throws(TaskRefusal) -> TaskTicket {
        precondition(terms.size >= 0, "a task has no negative size")
        arrivals.add(terms.size, at: now)
        do throws(ServingError) {
            try admit(terms.size)
        } catch {
            noteRefusal(of: terms, at: now)
            throw .error(error)
        }
        let ticket = TaskTicket(number: nextTicket)
        nextTicket += 1
        depth.bytes &+= terms.byteCount
        guard limits.splitsTasks, terms.size > room else {
            if terms.size > room || isOpenBatchCrowded { closeOpenBatch() }
            append(payload, 0..<terms.size, terms, ticket, at: now)
            return ticket
        }
        var start = 0
        while start < terms.size {
            if room == 0 { closeOpenBatch() }
            let end = start + min(room, terms.size - start)
            append(payload, start..<end, terms, ticket, at: now)
            start = end
        }
        return ticket
    }

    /// Rows the open batch can still take.
    private var room: Int { isOpenBatchCrowded ? 0 : limits.maximumBatchSize - open.size }

    /// Tasks without rows fill no batch, so that their number needs a bound of its own.
    private var isOpenBatchCrowded: Bool { open.batch.tasks.count >= max(limits.maximumBatchSize, Self.maximumTasks) }
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

    private mutating func append(
        _ payload: Payload,
        _ rows: Range<Int>,
        _ terms: TaskTerms,
        _ ticket: TaskTicket,
        at now: MonotonicTime
    ) {
        if open.isEmpty { openTime = now }
        open.append(BatchTask(payload: payload, rows: rows, terms: terms, enqueueTime: now), ticket)
        depth.tasks += 1
        depth.rows &+= rows.count
    }

    private mutating func closeOpenBatch() {
        closed.append(open)
        open = WaitingBatch()
    }

    private mutating func noteRefusal(of terms: TaskTerms, at now: MonotonicTime) {
        history.lost(
            LossRecord(
                time: now,
                reason: .refused(terms.size > limits.maximumTaskSize ? .tooLarge : .queueFull),
                rows: terms.size,
                waitedNanoseconds: 0,
                budgetNanoseconds: terms.deadline.isNever ? nil : terms.deadline.remaining(at: now)
            )
        )
    }

    // MARK: Tasks that are not wanted any more

    public mutating func cancel(_ ticket: TaskTicket) -> CancelledTask<Payload>? {
        var payload: Payload?
        var rows = 0
        var startsAtFirstRow = false
        func note(_ task: BatchTask<Payload>) {
            payload = task.payload
            rows &+= task.size
            startsAtFirstRow = startsAtFirstRow || task.rows.lowerBound == 0
            depth.tasks -= 1
            depth.rows &-= task.size
            if task.rows.upperBound == task.terms.size { depth.bytes &-= task.terms.byteCount }
        }
        var index = firstBatch(with: ticket)
        while index < closed.count, let task = closed[index].remove(ticket) {
            note(task)
            if closed[index].isEmpty { closed.remove(at: index) } else { index += 1 }
        }
        if let task = open.remove(ticket) { note(task) }
        forgetTakenBatches()
        return payload.map { CancelledTask(payload: $0, rows: rows, isWhole: startsAtFirstRow) }
    }

    /// The first closed batch that can hold a task of that ticket.
    private func firstBatch(with ticket: TaskTicket) -> Int {
        var low = firstClosed
        var high = closed.count
        while low < high {
            let middle = (low + high) / 2
            if closed[middle].lastTicket < ticket.number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Batches out

    public var dueTime: MonotonicTime? {
        if firstClosed < closed.count { return .distantPast }
        if open.isEmpty { return nil }
        if isDraining || room == 0 { return .distantPast }
        return openTime.advanced(byNanoseconds: limits.maximumWaitNanoseconds)
    }

    public var urgency: Urgency {
        guard let first = (firstClosed < closed.count ? closed[firstClosed] : open).batch.tasks.first else {
            return Urgency(time: .distantFuture)
        }
        return Urgency(
            priority: first.terms.priority,
            time: Urgency.time(first.deadline, enqueuedAt: first.enqueueTime)
        )
    }

    public mutating func takeBatch(at now: MonotonicTime, _ pool: PoolState) -> BatchRelease<Payload> {
        var release = BatchRelease<Payload>()
        guard let dueTime, dueTime <= now else { return release }
        (release.batch, release.reason) = takeDueBatch()
        release.predictedNanoseconds = curves.prediction(for: release.batch)
        for task in release.batch.tasks {
            depth.tasks -= 1
            depth.rows &-= task.size
            if task.rows.upperBound == task.terms.size { depth.bytes &-= task.terms.byteCount }
        }
        release.number = history.released(ReleaseRecord(release, at: now, left: depth))
        return release
    }

    private mutating func takeDueBatch() -> (Batch<Payload>, ReleaseReason) {
        guard firstClosed < closed.count else {
            defer { open = WaitingBatch() }
            return (open.batch, isDraining ? .draining : room == 0 ? .full : .timeout)
        }
        let batch = closed[firstClosed].batch
        closed[firstClosed] = WaitingBatch()
        firstClosed += 1
        forgetTakenBatches()
        return (batch, .full)
    }

    public mutating func drain() { isDraining = true }

    /// Bounds the dead front of a queue that never runs empty.
    private mutating func forgetTakenBatches() {
        guard firstClosed == closed.count || firstClosed >= 64 && firstClosed * 2 >= closed.count else { return }
        closed.removeFirst(firstClosed)
        firstClosed = 0
    }

    // MARK: What it learns and tells

    public mutating func finished(_ batch: FinishedBatch, at now: MonotonicTime) {
        history.finished(batch)
        guard batch.outcome.succeeded else { return }
        services.add(batch.rows, at: now)
        curves.learn(batch, at: now)
    }

    public mutating func learn(_ shape: ShapeClass, rows: Int, nanoseconds: UInt64) {
        curves.learn(shape, rows: rows, nanoseconds: nanoseconds, at: .distantPast)
    }

    public var predictedNanoseconds: UInt64? {
        guard firstClosed == closed.count else { return nil }
        return curves.prediction(for: open.batch)
    }

    public func demand(at now: MonotonicTime) -> Double {
        curves.leastPerRow.map { arrivals.perNanosecond(at: now) * $0 } ?? 0
    }

    public func explanation(at now: MonotonicTime, _ pool: PoolState) -> QueueExplanation {
        var explanation = QueueExplanation(policy: .batchingParameters)
        explanation.depth = depth
        explanation.arrivalRowsPerSecond = arrivals.perNanosecond(at: now) * 1e9
        explanation.serviceRowsPerSecond = services.perNanosecond(at: now) * 1e9
        explanation.curves = curves.explanation
        history.describe(in: &explanation)
        explanation.limit = limit(explanation, pool)
        return explanation
    }

    private func limit(_ explanation: QueueExplanation, _ pool: PoolState) -> ThroughputLimit {
        if isEmpty { return explanation.arrivalRowsPerSecond == 0 ? .idle : .arrivals }
        if pool.idleThreads > 0 { return .batchTimeout }
        return pool.otherDemand > demand(at: .distantFuture) ? .otherModels : .engineThreads
    }
}

/// A batch that takes tasks, and their tickets, which rise.
private struct WaitingBatch<Payload: Sendable>: Sendable {
    private(set) var batch = Batch<Payload>()
    private var tickets: [UInt64] = []

    var isEmpty: Bool { batch.isEmpty }
    var size: Int { batch.size }
    var lastTicket: UInt64 { tickets.last ?? 0 }

    mutating func append(_ task: BatchTask<Payload>, _ ticket: TaskTicket) {
        if batch.isEmpty { batch.shape = task.terms.shape }
        batch.append(task)
        tickets.append(ticket.number)
    }

    mutating func remove(_ ticket: TaskTicket) -> BatchTask<Payload>? {
        var low = 0
        var high = tickets.count
        while low < high {
            let middle = (low + high) / 2
            if tickets[middle] < ticket.number { low = middle + 1 } else { high = middle }
        }
        guard low < tickets.count, tickets[low] == ticket.number else { return nil }
        tickets.remove(at: low)
        return batch.remove(at: low)
    }
}

extension ReleaseRecord {
    init<Payload>(_ release: BatchRelease<Payload>, at now: MonotonicTime, left: QueueDepth) {
        self.init(
            time: now,
            shape: release.batch.shape,
            rows: release.batch.size,
            tasks: release.batch.tasks.count,
            reason: release.reason,
            predictedNanoseconds: release.predictedNanoseconds,
            left: left
        )
    }
}

extension MonotonicTime {
    /// Before every other time.
    public static let distantPast = MonotonicTime(nanoseconds: 0)
    /// After every other time.
    static let distantFuture = MonotonicTime(nanoseconds: .max)
}
