public import ServingPrimitives

/// The queue that needs no parameters: it takes what waits as soon as a thread is free.
public struct AdaptiveQueue<Payload: Sendable>: BatchForming {
    public let limits: AdaptiveLimits
    private var lanes: [Lane] = []
    private var store = TaskStore<Payload>()
    private var depth = QueueDepth()
    private var sequence: UInt64 = 0
    private var isDraining = false
    private var history = QueueHistory()
    private var arrivals = RateMeter()
    private var services = RateMeter()
    private var curves = CurveLibrary()

    public init(limits: AdaptiveLimits = AdaptiveLimits()) { self.limits = limits }

    public var isEmpty: Bool { depth.tasks == 0 }

    public mutating func enqueue(
        _ payload: Payload,
        _ terms: TaskTerms,
        at now: MonotonicTime,
        _ pool: PoolState
    ) throws(ServingError) -> TaskTicket {
        precondition(terms.size >= 0, "a task has no negative size")
        arrivals.add(terms.size, at: now)
        if !isEmpty,
            terms.size > limits.maximumQueuedRows - depth.rows
                || terms.byteCount > limits.maximumQueuedBytes - depth.bytes
                || depth.tasks >= limits.maximumQueuedRows
        {
            throw ServingError(
                .resourceExhausted,
                "The queue is full: \(depth.tasks) tasks with \(depth.rows) rows wait"
            )
        }
        let place = store.insert(.init(payload: payload, terms: terms, enqueueTime: now, sequence: sequence))
        let lane = lane(for: terms)
        lanes[lane].order.insert(
            .init(
                time: Urgency.time(terms.deadline, enqueuedAt: now).nanoseconds,
                deadline: terms.deadline.time.nanoseconds,
                sequence: sequence,
                rows: UInt32(clamping: terms.size),
                place: place
            )
        )
        sequence += 1
        depth.tasks += 1
        depth.rows += terms.size
        depth.bytes += terms.byteCount
        return store.ticket(for: place)
    }

    private mutating func lane(for terms: TaskTerms) -> Int {
        if let index = lanes.firstIndex(where: { $0.holds(terms) }) { return index }
        lanes.append(Lane(shape: terms.shape, priority: terms.priority, tenant: terms.tenant))
        return lanes.count - 1
    }

    public var dueTime: MonotonicTime? { isEmpty ? nil : .distantPast }

    public var urgency: Urgency {
        guard let lane = mostUrgentLane else { return Urgency(time: .distantFuture) }
        return Urgency(priority: lanes[lane].priority, time: MonotonicTime(nanoseconds: lanes[lane].order.head.time))
    }

    private var mostUrgentLane: Int? {
        var best: Int?
        for index in lanes.indices where !lanes[index].order.isEmpty {
            guard let other = best else {
                best = index
                continue
            }
            let isFirst =
                (-lanes[index].priority, lanes[index].order.head.time)
                < (-lanes[other].priority, lanes[other].order.head.time)
            if isFirst { best = index }
        }
        return best
    }

    public mutating func takeBatch(at now: MonotonicTime, _ pool: PoolState) -> BatchRelease<Payload> {
        var release = BatchRelease<Payload>()
        guard let lane = mostUrgentLane else { return release }
        release.batch.shape = lanes[lane].shape
        while !lanes[lane].order.isEmpty, release.batch.tasks.count < limits.maximumBatchTasks {
            let rows = Int(lanes[lane].order.head.rows)
            guard release.batch.isEmpty || rows + release.batch.size <= limits.maximumBatchRows else { break }
            let task = store.remove(lanes[lane].order.head.place)
            lanes[lane].order.removeFirst(1)
            depth.tasks -= 1
            depth.rows -= task.terms.size
            depth.bytes -= task.terms.byteCount
            release.batch.append(
                BatchTask(
                    payload: task.payload,
                    rows: 0..<task.terms.size,
                    terms: task.terms,
                    enqueueTime: task.enqueueTime
                )
            )
        }
        release.predictedNanoseconds = curves.prediction(for: release.batch)
        release.number = history.released(ReleaseRecord(release, at: now, left: depth))
        return release
    }

    public mutating func cancel(_ ticket: TaskTicket) -> CancelledTask<Payload>? {
        guard let place = store.place(of: ticket) else { return nil }
        let task = store.remove(place)
        let lane = lane(for: task.terms)
        lanes[lane].order.remove(
            time: Urgency.time(task.terms.deadline, enqueuedAt: task.enqueueTime).nanoseconds,
            sequence: task.sequence
        )
        depth.tasks -= 1
        depth.rows -= task.terms.size
        depth.bytes -= task.terms.byteCount
        return CancelledTask(payload: task.payload, rows: task.terms.size, isWhole: true)
    }

    public mutating func finished(_ batch: FinishedBatch, at now: MonotonicTime) {
        history.finished(batch)
        guard batch.outcome.succeeded else { return }
        services.add(batch.rows, at: now)
        curves.learn(batch)
    }

    public mutating func learn(_ shape: ShapeClass, rows: Int, nanoseconds: UInt64) {
        curves.learn(shape, rows: rows, nanoseconds: nanoseconds)
    }

    public var predictedNanoseconds: UInt64? { nil }

    public func demand(at now: MonotonicTime) -> Double {
        curves.leastPerRow.map { arrivals.perNanosecond(at: now) * $0 } ?? 0
    }

    public mutating func drain() { isDraining = true }

    public func explanation(at now: MonotonicTime, _ pool: PoolState) -> QueueExplanation {
        var explanation = QueueExplanation(policy: .adaptive)
        explanation.depth = depth
        explanation.arrivalRowsPerSecond = arrivals.perNanosecond(at: now) * 1e9
        explanation.serviceRowsPerSecond = services.perNanosecond(at: now) * 1e9
        explanation.curves = curves.explanation
        history.describe(in: &explanation)
        return explanation
    }
}
