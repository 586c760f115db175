import Testing

@testable import Batching

/// What is done with tasks of one row that wait, on a thread that is free. Times are in milliseconds.
@Suite struct BatchPlannerTests {
    private struct Tasks: PlannedTasks {
        var tasks: [(rows: Int, deadline: UInt64)]
        var count: Int { tasks.count }
        var hasDeadlines: Bool { tasks.contains { $0.deadline < .max } }
        var rows: Int { tasks.reduce(0) { $0 + $1.rows } }
        func task(_ index: Int) -> (rows: Int, deadline: UInt64) { tasks[index] }
    }

    private static let now: UInt64 = 1_000_000_000

    private func tasks(_ left: [Double?]) -> Tasks {
        Tasks(tasks: left.map { left in (1, left.map { UInt64(Double(Self.now) + $0 * 1e6) } ?? .max) })
    }

    /// Fixed and per row, in milliseconds.
    private func planner(
        _ fixed: Double,
        _ perRow: Double,
        knownRows: Int = 256,
        threads: Int = 1,
        ratePerSecond: Double = 0,
        maximumTasks: Int = 1000,
        mayProbe: Bool = false
    ) -> BatchPlanner {
        var curve = LatencyCurve()
        var rows = 1
        while rows <= knownRows {
            for _ in 0..<4 { curve.learn(rows: rows, nanoseconds: UInt64((fixed + perRow * Double(rows)) * 1e6)) }
            rows *= 2
        }
        return BatchPlanner(
            now: Self.now,
            curve: curve,
            pool: PoolState(threads: threads, idleThreads: 1),
            maximumRows: 1000,
            maximumTasks: maximumTasks,
            arrivalRate: ratePerSecond / 1e9,
            usualBudget: 25e6,
            explores: false,
            exploresSmaller: false,
            mayProbe: mayProbe
        )
    }

    @Test func `all that waits runs at once where batches pay`() {
        let plan = planner(2, 0.1, ratePerSecond: 5000).plan(tasks(Array(repeating: nil, count: 30)))
        #expect(plan == BatchPlan(taken: 30, rows: 30, reason: .everythingWaiting))
    }

    @Test func `one at a time runs where they do not`() {
        let plan = planner(0, 0.3).plan(tasks(Array(repeating: nil, count: 6)))
        #expect(plan.taken == 1 && plan.reason == .economicSize && plan.dropped == 0)
    }

    @Test func `two idle threads share what waits, by the curve`() {
        let steep = planner(2, 0.1, threads: 2).plan(tasks(Array(repeating: nil, count: 10)))
        #expect(steep.taken >= 8)
        let shallow = planner(0.1, 0.3, threads: 2).plan(tasks(Array(repeating: nil, count: 10)))
        #expect(shallow.taken <= 5)
    }

    @Test func `a size beyond twice the largest that ran is not tried`() {
        let plan = planner(2, 0.1, knownRows: 8, ratePerSecond: 5000).plan(tasks(Array(repeating: nil, count: 100)))
        #expect(plan.taken == 16 && plan.reason == .exploring)
    }

    @Test func `an unknown curve begins with few rows`() {
        let plan = planner(0, 0, knownRows: 0).plan(tasks(Array(repeating: 25, count: 100)))
        #expect(plan.taken == 4 && plan.dropped == 0 && plan.reason == .exploring)
    }

    @Test func `what is late even alone is given up`() {
        let plan = planner(2, 0.1).plan(tasks([-1, 1, 1.5, 20, 21]))
        #expect(plan.hopeless == 3 && plan.sacrificed == 0 && plan.taken == 2)
    }

    @Test func `nobody is given up while a small batch first leaves all in time`() {
        let plan = planner(2, 0.1, ratePerSecond: 100).plan(tasks([3] + Array(repeating: 24, count: 20)))
        #expect(plan.dropped == 0 && plan.taken >= 1 && plan.taken < 21 && plan.reason == .deadline)
    }

    @Test func `first tasks are given up when too many wait and they would force a small batch`() {
        let left = (0..<200).map { 2.5 + Double($0) * 0.1 }
        let plan = planner(2, 0.1, ratePerSecond: 20_000).plan(tasks(left))
        #expect(plan.sacrificed > 20 && plan.hopeless == 0)
        #expect(plan.taken > 80)
        let first = left[plan.dropped]
        #expect(2 + 0.1 * Double(plan.rows) <= first, "those that run are in time")
    }

    @Test func `tasks without a deadline are not cut by those that have one`() {
        let plan = planner(2, 0.1).plan(tasks([nil, nil, nil]))
        #expect(plan.dropped == 0 && plan.taken == 3)
    }

    @Test func `a prediction that may be wrong is tried on one task`() {
        let waiting = tasks([-1, 5, 5, 5])
        #expect(planner(100, 0.1).plan(waiting) == BatchPlan(hopeless: 4))
        let plan = planner(100, 0.1, mayProbe: true).plan(waiting)
        #expect(plan.hopeless == 1 && plan.taken == 1 && plan.reason == .exploring)
    }

    @Test func `tasks without rows run at once`() {
        let plan = planner(2, 0.1).plan(Tasks(tasks: [(0, .max), (0, .max)]))
        #expect(plan.taken == 2 && plan.reason == .noRows)
    }

    @Test func `a task larger than any batch runs alone`() {
        let plan = planner(2, 0.1).plan(Tasks(tasks: [(5000, .max), (1, .max)]))
        #expect(plan.taken == 1 && plan.rows == 5000)
    }

    @Test func `a queue for single tasks gives one`() {
        let plan = planner(2, 0.1, maximumTasks: 1).plan(tasks([nil, nil]))
        #expect(plan.taken == 1 && plan.reason == .full)
    }

    @Test func `padding pays where a run costs more than its rows`() {
        let narrow = ShapeClass(id: 1, elementsPerRow: 100, paddingGroup: 0)
        let wide = ShapeClass(id: 2, elementsPerRow: 120, paddingGroup: 0)
        for (fixed, expected) in [(2.0, 3), (0.0, 0)] {
            let curve = planner(fixed, 0.1).curve
            var padding = PaddingPlanner(
                now: Self.now,
                curve: curve,
                shape: narrow,
                rows: 4,
                deadline: .max,
                limits: AdaptiveLimits()
            )
            #expect(padding.add(tasks([nil, nil, nil]), of: wide, curve.scaled(by: 1.2), room: 100) == expected)
            #expect(padding.shape == (expected > 0 ? wide : narrow))
        }
    }

    @Test func `padding that would make somebody late is not done`() {
        let curve = planner(2, 0.1).curve
        var padding = PaddingPlanner(
            now: Self.now,
            curve: curve,
            shape: ShapeClass(id: 1, elementsPerRow: 100, paddingGroup: 0),
            rows: 4,
            deadline: Self.now + 3_000_000,
            limits: AdaptiveLimits()
        )
        let wide = ShapeClass(id: 2, elementsPerRow: 150, paddingGroup: 0)
        #expect(padding.add(tasks([nil, nil]), of: wide, curve.scaled(by: 1.5), room: 100) == 0)
    }
}
