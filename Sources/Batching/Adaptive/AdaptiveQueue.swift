public import ServingPrimitives

/// The queue that needs no parameters.
///
/// A thread that is free gets a batch at once if anything waits. What is in it is decided by the curve of run times that
/// is learnt from every run, the deadlines of what waits, and what else the threads are asked for: see `BatchPlanner`.
/// Tasks are served by priority, then by deadline; tenants share evenly while there is not enough for all. A task that
/// cannot be answered in time is turned away when it comes, or given up as soon as that is known; one without a deadline
/// is never given up.
public struct AdaptiveQueue<Payload: Sendable>: BatchForming {
    public let limits: AdaptiveLimits
    private var lanes = LaneTable()
    private var store = TaskStore<Payload>()
    private var depth = QueueDepth()
    private var sequence: UInt64 = 0
    private var history = QueueHistory()
    private var arrivals = RateMeter()
    private var services = RateMeter()
    private var curves = CurveLibrary()
    /// The usual time between coming and deadline; infinite while no task had one.
    private var usualBudget = Double.infinity
    private var lastExploration = 0
    private var companyWait = CompanyWait()

    public init(limits: AdaptiveLimits = AdaptiveLimits()) { self.limits = limits }

    public var isEmpty: Bool { depth.tasks == 0 }
    public var dueTime: MonotonicTime? { isEmpty ? nil : companyWait.end }

    public var urgency: Urgency {
        guard let lane = lanes.mostUrgent else { return Urgency(time: .distantFuture) }
        return Urgency(
            priority: lanes[lane].key.priority,
            time: MonotonicTime(nanoseconds: lanes[lane].order.head.time)
        )
    }

    public mutating func drain() { companyWait.drain() }

    /// Looks anew at whether what waits is better off with what is going to come.
    private mutating func considerWaiting(at now: MonotonicTime, _ pool: PoolState?) {
        guard companyWait.mayWait, depth.rows > 0, let lane = lanes.mostUrgent,
            let curve = curves.entry(lanes[lane].shape)?.curve, !curve.isUnknown
        else { return companyWait.runAtOnce() }
        companyWait.consider(
            CompanyWait.Waiting(
                tasks: depth.tasks,
                rows: depth.rows,
                deadline: lanes[lane].order.head.deadline,
                arrivalRate: arrivals.perNanosecond(at: now)
            ),
            curve,
            at: now,
            threads: pool?.threads
        )
    }

    // MARK: Tasks in

    public mutating func enqueue(
        _ payload: Payload,
        _ terms: TaskTerms,
        at now: MonotonicTime,
        _ pool: PoolState
    ) throws(TaskRefusal) -> TaskTicket {
        precondition(terms.size >= 0 && terms.byteCount >= 0, "a task has no negative size")
        arrivals.add(terms.size, at: now)
        try admit(terms, at: now, pool)
        let place = store.insert(.init(payload: payload, terms: terms, enqueueTime: now, sequence: sequence))
        let lane = lanes.findOrAdd(Lane.Key(terms), terms.shape)
        lanes[lane].order.insert(
            DeadlineOrder.Entry(
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
        considerWaiting(at: now, pool)
        return store.ticket(for: place)
    }

    private mutating func admit(_ terms: TaskTerms, at now: MonotonicTime, _ pool: PoolState) throws(TaskRefusal) {
        let isTooMuch =
            terms.size > limits.maximumQueuedRows - depth.rows
            || terms.byteCount > limits.maximumQueuedBytes - depth.bytes
            || depth.tasks >= limits.maximumQueuedTasks
        if isTooMuch, !isEmpty || terms.size > UInt32.max {
            note(.refused(.queueFull), terms, enqueuedAt: now, predicted: nil, at: now)
            let limit = QueueDepth(rows: limits.maximumQueuedRows, bytes: limits.maximumQueuedBytes)
            throw .noRoom(estimate(terms.deadline, nil, at: now, pool), limit: limit)
        }
        guard !terms.deadline.isNever, terms.size > 0 else { return }
        let left = Double(terms.deadline.remaining(at: now))
        usualBudget = usualBudget == .infinity ? left : usualBudget + (left - usualBudget) / 64
        guard let curve = curves.entry(terms.shape), !curve.curve.isUnknown else { return }
        let run = curve.curve.nanoseconds(rows: terms.size) * curve.curve.safety
        let finish = Double(pool.nanosecondsUntilFree) + run
        guard finish > left, !(isEmpty && pool.idleThreads > 0 && curve.mayProbe(terms.size, at: now)) else { return }
        note(.refused(.tooLate), terms, enqueuedAt: now, predicted: finish, at: now)
        throw .tooLate(estimate(terms.deadline, finish, at: now, pool))
    }

    private func estimate(
        _ deadline: Deadline,
        _ predicted: Double?,
        at now: MonotonicTime,
        _ pool: PoolState
    ) -> WaitEstimate {
        let drain = Double(depth.rows) * (curves.leastPerRow ?? 0) / Double(pool.threads)
        return WaitEstimate(
            predictedNanoseconds: predicted.map { UInt64(clamping: $0) },
            leftNanoseconds: deadline.isNever ? nil : deadline.remaining(at: now),
            depth: depth,
            retryNanoseconds: max(UInt64(clamping: drain + Double(pool.nanosecondsUntilFree)), 1_000_000)
        )
    }

    // MARK: Tasks out

    public mutating func cancel(_ ticket: TaskTicket) -> CancelledTask<Payload>? {
        guard let place = store.place(of: ticket) else { return nil }
        let task = remove(place)
        // A task that waits is in the lane of its key.
        let lane = lanes.index(of: Lane.Key(task.terms))!
        lanes[lane].order.remove(
            time: Urgency.time(task.terms.deadline, enqueuedAt: task.enqueueTime).nanoseconds,
            sequence: task.sequence
        )
        return CancelledTask(payload: task.payload, rows: task.terms.size, isWhole: true)
    }

    private mutating func remove(_ place: UInt32) -> TaskStore<Payload>.Waiting {
        let task = store.remove(place)
        depth.tasks -= 1
        depth.rows -= task.terms.size
        depth.bytes -= task.terms.byteCount
        return task
    }

    public mutating func takeBatch(at now: MonotonicTime, _ pool: PoolState) -> BatchRelease<Payload> {
        var release = BatchRelease<Payload>()
        guard let lane = lanes.mostUrgent else { return release }
        let shape = lanes[lane].shape
        let curve = curves.entry(shape) ?? curves.guess(for: shape)
        let planner = planner(curve, waiting: lanes[lane].order, at: now, pool)
        let others = companions(of: lane)
        if others.isEmpty {
            let plan = planner.plan(lanes[lane].order)
            carryOut(plan, lane, &release, planner, at: now, pool)
        } else {
            takeFromSeveral([lane] + others, &release, planner, at: now, pool)
        }
        guard !release.batch.isEmpty else { return release }
        release.batch.shape = shape
        if release.batch.size > 0, !curve.curve.isUnknown {
            release.predictedNanoseconds = UInt64(clamping: curve.curve.nanoseconds(rows: release.batch.size))
            if shape.paddingGroup >= 0, lanes[lane].isEmpty, others.isEmpty {
                padOthers(to: shape, curve, &release, at: now)
            }
        }
        if release.reason == .exploring { lastExploration = history.releaseCount }
        release.number = history.released(ReleaseRecord(release, at: now, left: depth))
        companyWait.started(release.number, at: now, predictedNanoseconds: release.predictedNanoseconds)
        considerWaiting(at: now, pool)
        return release
    }

    private func planner(
        _ curve: CurveLibrary.Entry,
        waiting: DeadlineOrder,
        at now: MonotonicTime,
        _ pool: PoolState
    ) -> BatchPlanner {
        BatchPlanner(
            now: now.nanoseconds,
            curve: curve.curve,
            pool: pool,
            maximumRows: limits.maximumBatchRows,
            maximumTasks: limits.maximumBatchTasks,
            arrivalRate: arrivals.perNanosecond(at: now),
            usualBudget: usualBudget,
            explores: history.releaseCount - lastExploration >= 16,
            exploresSmaller: usualBudget == .infinity && history.releaseCount - lastExploration >= 4,
            mayProbe: curve.mayProbe(Int(waiting.head.rows), at: now)
        )
    }

    /// Lanes of the same class in which tasks wait.
    private func companions(of lane: Int) -> [Int] {
        guard lanes.indexRange.count > 1 else { return [] }
        return lanes.indexRange.filter {
            $0 != lane && !lanes[$0].isEmpty && lanes[$0].key.shape == lanes[lane].key.shape
        }
    }

    /// Drops and takes the first tasks of one lane.
    private mutating func carryOut(
        _ plan: BatchPlan,
        _ lane: Int,
        _ release: inout BatchRelease<Payload>,
        _ planner: BatchPlanner,
        at now: MonotonicTime,
        _ pool: PoolState
    ) {
        var kept: [DeadlineOrder.Entry] = []
        for index in 0..<plan.dropped {
            let entry = lanes[lane].order[index]
            if entry.deadline == .max {
                kept.append(entry)
            } else {
                drop(entry, isSacrificed: index >= plan.hopeless, &release, planner, at: now, pool)
            }
        }
        release.reason = plan.reason
        release.batch.reserveCapacity(plan.taken)
        for index in plan.dropped..<plan.dropped + plan.taken { take(lanes[lane].order[index], &release) }
        lanes[lane].order.removeFirst(plan.dropped + plan.taken)
        lanes[lane].served += plan.rows
        for entry in kept { lanes[lane].order.insert(entry) }
    }

    private mutating func take(_ entry: DeadlineOrder.Entry, _ release: inout BatchRelease<Payload>) {
        let task = remove(entry.place)
        release.batch.append(
            BatchTask(
                payload: task.payload,
                rows: 0..<task.terms.size,
                terms: task.terms,
                enqueueTime: task.enqueueTime
            )
        )
    }

    private mutating func drop(
        _ entry: DeadlineOrder.Entry,
        isSacrificed: Bool,
        _ release: inout BatchRelease<Payload>,
        _ planner: BatchPlanner,
        at now: MonotonicTime,
        _ pool: PoolState
    ) {
        let task = remove(entry.place)
        let predicted = planner.curve.nanoseconds(rows: isSacrificed ? max(depth.rows, 1) : task.terms.size)
        let reason: DropReason =
            entry.deadline <= now.nanoseconds ? .expired : isSacrificed ? .sacrificed : .hopeless
        note(.dropped(reason), task.terms, enqueuedAt: task.enqueueTime, predicted: predicted, at: now)
        release.dropped.append(
            DroppedTask(
                payload: task.payload,
                terms: task.terms,
                reason: reason,
                estimate: estimate(task.terms.deadline, predicted, at: now, pool)
            )
        )
    }

    // MARK: Ragged shapes

    /// Lets other classes of the padding group ride along where one padded run costs less than two.
    private mutating func padOthers(
        to shape: ShapeClass,
        _ curve: CurveLibrary.Entry,
        _ release: inout BatchRelease<Payload>,
        at now: MonotonicTime
    ) {
        var padding = PaddingPlanner(
            now: now.nanoseconds,
            curve: curve.curve,
            shape: shape,
            rows: release.batch.size,
            deadline: release.batch.tasks.reduce(.max) { min($0, $1.deadline.time.nanoseconds) },
            limits: limits
        )
        for lane in lanes.indexRange where !lanes[lane].isEmpty && lanes[lane].shape.paddingGroup == shape.paddingGroup
        {
            let other = lanes[lane].shape
            let own = curves.entry(other) ?? curves.guess(for: other)
            let count = padding.add(
                lanes[lane].order,
                of: other,
                own.curve,
                room: limits.maximumBatchTasks - release.batch.tasks.count
            )
            guard count > 0 else { continue }
            for index in 0..<count { take(lanes[lane].order[index], &release) }
            lanes[lane].order.removeFirst(count)
        }
        release.batch.shape = padding.shape
        release.predictedNanoseconds = UInt64(clamping: padding.nanoseconds)
    }

    // MARK: Several tenants and priorities

    /// Tasks of the highest priority first; then those of lower ones that find room in the same batch.
    private mutating func takeFromSeveral(
        _ candidates: [Int],
        _ release: inout BatchRelease<Payload>,
        _ planner: BatchPlanner,
        at now: MonotonicTime,
        _ pool: PoolState
    ) {
        var levels: [Int: [Int]] = [:]
        for lane in candidates { levels[lanes[lane].key.priority, default: []].append(lane) }
        var room = Int.max
        var end = UInt64.max
        for priority in levels.keys.sorted(by: >) {
            guard release.batch.isEmpty || release.batch.size < room else { break }
            let level = levels[priority, default: []]
            let waiting = level.reduce(0) { $0 + lanes[$1].order.rows }
            if release.batch.isEmpty {
                let plan = takeTurns(level, waiting, &release, planner, at: now, pool)
                (room, end) = planner.room(besides: release.batch.tasks, size: plan.rows, waiting: depth.rows)
            } else {
                let tasks = MergedTasks(lanes, lanes: level, limit: room - release.batch.size)
                fillUp(tasks, &release, room: room, end: end)
            }
        }
    }

    /// A batch of tasks of lanes that take turns. When some are given up, others take their turn.
    private mutating func takeTurns(
        _ level: [Int],
        _ waiting: Int,
        _ release: inout BatchRelease<Payload>,
        _ planner: BatchPlanner,
        at now: MonotonicTime,
        _ pool: PoolState
    ) -> BatchPlan {
        var plan = BatchPlan()
        for round in 0..<Self.rounds {
            let tasks = MergedTasks(lanes, lanes: level, limit: planner.turn(waiting: waiting))
            guard tasks.count > 0 else { break }
            plan = planner.plan(tasks)
            if plan.dropped > 0, round < Self.rounds - 1 { plan.taken = 0 }
            carryOut(plan, tasks, &release, planner, at: now, pool)
            if plan.taken > 0 { break }
        }
        return plan
    }

    private static var rounds: Int { 4 }

    private mutating func carryOut(
        _ plan: BatchPlan,
        _ tasks: MergedTasks,
        _ release: inout BatchRelease<Payload>,
        _ planner: BatchPlanner,
        at now: MonotonicTime,
        _ pool: PoolState
    ) {
        release.reason = plan.reason
        for index in 0..<plan.dropped where tasks.entries[index].entry.deadline < .max {
            let (lane, entry) = tasks.entries[index]
            lanes[lane].order.remove(time: entry.time, sequence: entry.sequence)
            drop(entry, isSacrificed: index >= plan.hopeless, &release, planner, at: now, pool)
        }
        for index in plan.dropped..<plan.dropped + plan.taken {
            takeFromLane(tasks.entries[index].lane, tasks.entries[index].entry, &release)
        }
    }

    private mutating func takeFromLane(
        _ lane: Int,
        _ entry: DeadlineOrder.Entry,
        _ release: inout BatchRelease<Payload>
    ) {
        lanes[lane].order.remove(time: entry.time, sequence: entry.sequence)
        lanes[lane].served += max(Int(entry.rows), 1)
        take(entry, &release)
    }

    /// Adds tasks to a batch that has room for them, and ends before their deadlines.
    private mutating func fillUp(
        _ tasks: MergedTasks,
        _ release: inout BatchRelease<Payload>,
        room: Int,
        end: UInt64
    ) {
        for (lane, entry) in tasks.entries where entry.deadline > end {
            guard release.batch.size + Int(entry.rows) <= room,
                release.batch.tasks.count < limits.maximumBatchTasks
            else { continue }
            takeFromLane(lane, entry, &release)
        }
    }

    // MARK: What it learns and tells

    public mutating func finished(_ batch: FinishedBatch, at now: MonotonicTime) {
        history.finished(batch)
        companyWait.ended(batch.number)
        defer { considerWaiting(at: now, nil) }
        guard batch.outcome.succeeded else { return }
        services.add(batch.rows, at: now)
        curves.learn(batch, at: now)
    }

    public mutating func learn(_ shape: ShapeClass, rows: Int, nanoseconds: UInt64) {
        curves.learn(shape, rows: rows, nanoseconds: nanoseconds, at: .distantPast)
    }

    public var predictedNanoseconds: UInt64? {
        guard let lane = lanes.mostUrgent, lanes[lane].order.count == depth.tasks else { return nil }
        guard depth.rows > 0 else { return 0 }
        guard let curve = curves.entry(lanes[lane].shape)?.curve, curve.samples(rows: depth.rows) >= 3 else {
            return nil
        }
        return UInt64(clamping: curve.nanoseconds(rows: depth.rows))
    }

    public func demand(at now: MonotonicTime) -> Double {
        curves.leastPerRow.map { arrivals.perNanosecond(at: now) * $0 } ?? 0
    }

    private mutating func note(
        _ reason: LossRecord.Reason,
        _ terms: TaskTerms,
        enqueuedAt start: MonotonicTime,
        predicted: Double?,
        at now: MonotonicTime
    ) {
        history.lost(
            LossRecord(
                time: now,
                reason: reason,
                rows: terms.size,
                waitedNanoseconds: now.nanoseconds(since: start),
                budgetNanoseconds: terms.deadline.isNever ? nil : terms.deadline.remaining(at: start),
                predictedNanoseconds: predicted.map { UInt64(clamping: $0) }
            )
        )
    }

    public func explanation(at now: MonotonicTime, _ pool: PoolState) -> QueueExplanation {
        var explanation = QueueExplanation(policy: .adaptive)
        explanation.depth = depth
        explanation.arrivalRowsPerSecond = arrivals.perNanosecond(at: now) * 1e9
        explanation.serviceRowsPerSecond = services.perNanosecond(at: now) * 1e9
        explanation.curves = curves.explanation
        history.describe(in: &explanation)
        explanation.limit = limit(at: now, pool, explanation)
        return explanation
    }

    private func limit(at now: MonotonicTime, _ pool: PoolState, _ explanation: QueueExplanation) -> ThroughputLimit {
        if isEmpty, explanation.arrivalRowsPerSecond == 0 { return .idle }
        let demand = demand(at: now) / Double(pool.threads)
        let recent = explanation.losses.contains { now.nanoseconds(since: $0.time) < 1_000_000_000 }
        if !recent, demand < 0.9 || isEmpty { return .arrivals }
        let reasons = explanation.releases.map(\.reason)
        if reasons.count(where: { $0 == .full }) * 2 > reasons.count { return .rowsBound }
        if pool.otherDemand > demand { return .otherModels }
        if reasons.count(where: { $0 == .deadline }) * 2 > reasons.count, demand < 1 { return .deadlines }
        return .engineThreads
    }
}
