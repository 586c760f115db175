import ServingPrimitives

/// Tasks in the order of their deadlines, as a planner sees them.
protocol PlannedTasks {
    var count: Int { get }
    /// The sum of the tasks' rows.
    var rows: Int { get }
    /// Whether any of them has a deadline.
    var hasDeadlines: Bool { get }
    /// Rows and deadline (`UInt64.max` without one) of a task.
    func task(_ index: Int) -> (rows: Int, deadline: UInt64)
}

/// What to do with the tasks that wait, counted in their order.
struct BatchPlan: Sendable, Hashable {
    /// Tasks to give up, first of all.
    var hopeless = 0
    /// Tasks to give up after those, for the sake of the ones behind.
    var sacrificed = 0
    /// Tasks to run, after those.
    var taken = 0
    /// Rows of those that run.
    var rows = 0
    var reason = ReleaseReason.everythingWaiting

    var dropped: Int { hopeless + sacrificed }
}

/// Decides which of the waiting tasks run now, on a thread that is free. Pure: what it knows of the world it is made
/// with.
///
/// 1. The economic size is the one with which what waits, and what will come meanwhile, is done soonest on average. On a
///    curve where rows cost the same in any batch that is 1; the steeper the gain and the longer the queue, the more.
/// 2. If the first deadlines allow a batch of that size, it is run.
/// 3. Else a smaller batch is run first, if everything that waits, and what comes meanwhile, is still in time then.
/// 4. Else somebody is going to be late whatever is done, and engine time is what is scarce: the fewest first tasks are
///    given up that let the cheapest batch per row run.
struct BatchPlanner {
    /// Batches that are looked ahead before it is said that there are too many.
    private static let lookahead = 8
    /// Places at which a cut is tried.
    private static let cuts = 64
    /// A cut has to make rows cheaper by this factor to be made.
    private static let worthwhile = 1.01

    let now: UInt64
    let curve: LatencyCurve
    let pool: PoolState
    let maximumRows: Int
    let maximumTasks: Int
    /// Rows that come per nanosecond.
    let arrivalRate: Double
    /// Nanoseconds that tasks have from coming to deadline, usually; infinite when they have none.
    let usualBudget: Double
    /// Whether a size that never ran may be tried although those before it were not cheaper.
    let explores: Bool
    /// Whether a smaller size whose time is not known well may be tried. It holds up nobody; where there are deadlines it
    /// costs goodput all the same.
    let exploresSmaller: Bool
    /// Whether a run that will be late is worth its while, to learn how long it takes.
    let mayProbe: Bool

    func plan(_ tasks: some PlannedTasks) -> BatchPlan {
        var plan = BatchPlan()
        plan.hopeless = hopeless(tasks)
        guard tasks.rows > 0 else {
            plan.taken = min(tasks.count - plan.hopeless, maximumTasks)
            plan.reason = .noRows
            return plan
        }
        var (size, reason) = economicSize(waiting: tasks.rows)
        plan.reason = reason
        guard plan.hopeless < tasks.count else {
            if mayProbe { return probe(tasks) }
            return plan
        }
        let feasible = rows(before: firstDeadline(tasks, plan.hopeless))
        if reason == .exploring, feasible < size {
            // Nobody is to be late for what is only an experiment.
            (size, reason) = economicSize(waiting: tasks.rows, triesUnsure: false)
            plan.reason = reason
        }
        if feasible >= min(size, tasks.rows) || isServed(tasks, from: plan.hopeless, size: size) {
            fill(&plan, tasks, size: size, feasible: feasible)
        } else {
            cut(&plan, tasks, size: size)
        }
        return plan
    }

    // MARK: The economic size

    /// - Parameter triesUnsure: whether a size that ran before, but whose time is not known well, may be tried again.
    fileprivate func economicSize(waiting: Int, triesUnsure: Bool = true) -> (Int, ReleaseReason) {
        let known = curve.isUnknown ? 4 : curve.largestRows * 2
        let limit = min(waiting, min(maximumRows, known))
        guard limit > 1, !curve.isUnknown else {
            return (max(limit, 1), waiting > limit ? .exploring : .everythingWaiting)
        }
        let load = arrivalRate * curve.leastPerRow / Double(pool.threads) + pool.otherDemand
        let coming = Double(waiting) / (1 - min(load, 0.98))
        let size = curve.size(draining: coming, threads: Double(pool.threads), limit: limit)
        if triesUnsure, let unsure = unsureRows(besides: size, upTo: limit) { return (unsure, .exploring) }
        if size == waiting { return (size, .everythingWaiting) }
        let isWorthTrying = explores && known <= LatencyCurve.nearby * curve.bestRows || curve.mayFallFurther
        if limit == known, size <= known, isWorthTrying { return (known, .exploring) }
        if size == maximumRows { return (size, .full) }
        return (size, size == known ? .exploring : pool.idleThreads > 1 ? .shared : .economicSize)
    }

    /// A size that is worth a try, as its time is not known well: where smaller ones may be tried any of them, however far
    /// off it is; else one not far from the best.
    private func unsureRows(besides size: Int, upTo limit: Int) -> Int? {
        let least = exploresSmaller ? 1 : explores ? size / LatencyCurve.nearby : size
        let most = explores ? min(limit, size * LatencyCurve.nearby) : size
        return least < most ? curve.unsureRows(besides: size, in: least...most) : nil
    }

    // MARK: Deadlines

    /// Rows of the largest batch that ends before a deadline; at least 0.
    fileprivate func rows(before deadline: UInt64) -> Int {
        guard deadline < .max else { return .max }
        guard deadline > now else { return 0 }
        return curve.rows(within: Double(deadline - now) / curve.safety)
    }

    /// The first deadline of the tasks from `start` on. Those without one may lie between the others.
    private func firstDeadline(_ tasks: some PlannedTasks, _ start: Int) -> UInt64 {
        guard tasks.hasDeadlines else { return .max }
        for index in start..<tasks.count {
            let deadline = tasks.task(index).deadline
            if deadline < .max { return deadline }
        }
        return .max
    }

    /// The first tasks that would be late even alone.
    private func hopeless(_ tasks: some PlannedTasks) -> Int {
        var index = 0
        while index < tasks.count {
            let task = tasks.task(index)
            guard task.deadline < .max, task.deadline <= now || rows(before: task.deadline) < task.rows else { break }
            index += 1
        }
        return index
    }

    /// Runs one task whose deadline has not passed, to learn.
    private func probe(_ tasks: some PlannedTasks) -> BatchPlan {
        var plan = BatchPlan(reason: .exploring)
        while plan.hopeless < tasks.count, tasks.task(plan.hopeless).deadline <= now { plan.hopeless += 1 }
        guard plan.hopeless < tasks.count else { return plan }
        plan.taken = 1
        plan.rows = tasks.task(plan.hopeless).rows
        return plan
    }

    /// Whether all tasks from `start` on are in time if batches are as large as their deadlines allow, and what comes
    /// meanwhile is as well.
    private func isServed(_ tasks: some PlannedTasks, from start: Int, size: Int) -> Bool {
        var index = start
        var elapsed = 0.0
        for _ in 0..<Self.lookahead {
            guard index < tasks.count else { return isServedMeanwhile(elapsed) }
            let deadline = firstDeadline(tasks, index)
            let slack = deadline == .max ? Double.infinity : Double(deadline) - Double(now) - elapsed
            guard slack > 0 else { return false }
            let room = min(size, slack == .infinity ? .max : curve.rows(within: slack / curve.safety))
            var rows = tasks.task(index).rows
            guard rows <= room else { return false }
            index += 1
            while index < tasks.count, rows + tasks.task(index).rows <= room {
                rows += tasks.task(index).rows
                index += 1
            }
            elapsed += curve.nanoseconds(rows: rows) / Double(pool.threads)
        }
        return false
    }

    /// Whether tasks that come from now on for `elapsed` nanoseconds are in time.
    private func isServedMeanwhile(_ elapsed: Double) -> Bool {
        let rows = arrivalRate * elapsed
        return curve.nanoseconds(rows: Int(min(rows, 1e15)) + 1) * curve.safety <= usualBudget - elapsed
    }

    // MARK: Plans

    /// Takes tasks from the first that is not dropped on, up to the size and what is feasible; at least one.
    private func fill(_ plan: inout BatchPlan, _ tasks: some PlannedTasks, size: Int, feasible: Int) {
        let room = min(size, feasible)
        var index = plan.dropped
        while index < tasks.count, plan.taken < maximumTasks {
            let rows = tasks.task(index).rows
            guard plan.taken == 0 || plan.rows + rows <= room else { break }
            plan.rows += rows
            plan.taken += 1
            index += 1
        }
        if index == tasks.count {
            plan.reason = .everythingWaiting
        } else if plan.taken == maximumTasks {
            plan.reason = .full
        } else if feasible < size {
            plan.reason = .deadline
        }
    }

    /// Gives up the fewest tasks that allow the cheapest batch.
    private func cut(_ plan: inout BatchPlan, _ tasks: some PlannedTasks, size: Int) {
        let stride = max(tasks.rows / Self.cuts, 1)
        var left = tasks.rows
        for index in 0..<plan.hopeless { left -= tasks.task(index).rows }
        var best = (rate: 0.0, index: plan.hopeless, feasible: 0)
        var next = left
        for index in plan.hopeless..<tasks.count {
            let task = tasks.task(index)
            if left <= next {
                next = left - stride
                let feasible = rows(before: task.deadline < .max ? task.deadline : firstDeadline(tasks, index))
                let rows = min(min(size, feasible), left)
                let rate = Double(rows) / max(curve.nanoseconds(rows: rows), 1)
                if rate > best.rate * Self.worthwhile, task.rows <= feasible { best = (rate, index, feasible) }
                // From here on there are only fewer.
                if rows == left || rows == size { break }
            }
            left -= task.rows
        }
        plan.sacrificed = best.index - plan.hopeless
        fill(&plan, tasks, size: size, feasible: best.feasible)
    }
}

extension BatchPlanner {
    /// Rows of a batch while tenants take turns.
    func turn(waiting: Int) -> Int { economicSize(waiting: waiting).0 }

    /// How many rows a batch may come to with others that ride along, and when it ends then.
    func room<Payload>(besides tasks: [BatchTask<Payload>], size: Int, waiting: Int) -> (rows: Int, end: UInt64) {
        var first = UInt64.max
        for task in tasks { first = min(first, task.deadline.time.nanoseconds) }
        let rows = max(size, min(economicSize(waiting: size + waiting).0, rows(before: first)))
        let time = curve.nanoseconds(rows: rows) * curve.safety
        return (rows, UInt64(clamping: Double(now) + time))
    }
}
