import Batching
import ServingPrimitives
import ServingTestKit
import Testing

/// Times are in microseconds.
@Suite struct AdaptiveQueueTests {
    /// A queue that knows a model of 2 ms and 0.1 ms a row.
    private func queue(_ limits: AdaptiveLimits = AdaptiveLimits()) -> AdaptiveQueue<Int> {
        var queue = AdaptiveQueue<Int>(limits: limits)
        for _ in 0..<4 {
            for rows in [1, 2, 4, 8, 16, 32, 64, 128] {
                queue.learn(.any, rows: rows, nanoseconds: UInt64(2_000_000 + 100_000 * rows))
            }
        }
        return queue
    }

    private func deadline(_ microseconds: UInt64) -> Deadline { Deadline(at(microseconds)) }

    @discardableResult
    private func add(_ payload: Int, _ terms: TaskTerms, _ queue: inout AdaptiveQueue<Int>) throws -> TaskTicket {
        try queue.enqueue(payload, terms, at: at(1_000_000), .idle)
    }

    @Test func `a queue that knows nothing gives what waits at once`() throws {
        var queue = AdaptiveQueue<Int>()
        #expect(queue.dueTime == nil && queue.isEmpty)
        try add(1, TaskTerms(size: 1), &queue)
        #expect(queue.dueTime == .distantPast)
        #expect(queue.batch(at: at(1_000_000))?.payloads == [1])
        #expect(queue.isEmpty && queue.dueTime == nil)
    }

    @Test func `the first deadline goes first, those without one as they came`() throws {
        var queue = queue(AdaptiveLimits(maximumBatchTasks: 1))
        try add(1, TaskTerms(size: 1), &queue)
        try add(2, TaskTerms(size: 1, deadline: deadline(1_900_000)), &queue)
        try add(3, TaskTerms(size: 1, deadline: deadline(1_100_000)), &queue)
        try add(4, TaskTerms(size: 1), &queue)
        try add(5, TaskTerms(size: 1, deadline: deadline(9_000_000)), &queue)
        var order: [Int] = []
        while let batch = queue.batch(at: at(1_000_010)) { order += batch.payloads }
        #expect(order == [3, 2, 1, 4, 5])
    }

    @Test func `a higher priority goes before any deadline, and lower ones ride along`() throws {
        var queue = queue(AdaptiveLimits(maximumBatchRows: 3))
        try add(1, TaskTerms(size: 1, deadline: deadline(1_020_000)), &queue)
        try add(2, TaskTerms(size: 1, priority: 5), &queue)
        try add(3, TaskTerms(size: 1, priority: 5), &queue)
        try add(4, TaskTerms(size: 1, priority: 9), &queue)
        #expect(queue.urgency.priority == 9)
        #expect(queue.batch(at: at(1_000_000))?.payloads == [4, 2, 3])
        #expect(queue.batch(at: at(1_000_000))?.payloads == [1])
    }

    @Test func `tenants share a batch that has not room for all`() throws {
        var queue = queue(AdaptiveLimits(maximumBatchRows: 8))
        for number in 0..<100 { try add(number, TaskTerms(size: 1, tenant: 1), &queue) }
        for number in 100..<104 { try add(number, TaskTerms(size: 1, tenant: 2), &queue) }
        let first = queue.batch(at: at(1_000_000))?.payloads ?? []
        #expect(first.filter { $0 >= 100 }.count >= 3)
    }

    @Test func `classes run apart, the one that waits longest first`() throws {
        var queue = AdaptiveQueue<Int>()
        let shapes = (0..<3).map { ShapeClass(id: $0, elementsPerRow: 10 * $0) }
        for number in 0..<9 { try add(number, TaskTerms(size: 1, shape: shapes[number % 3]), &queue) }
        var batches: [[Int]] = []
        while let batch = queue.batch(at: at(1_000_000)) {
            #expect(batch.tasks.allSatisfy { $0.terms.shape == batch.shape })
            batches.append(batch.payloads)
        }
        #expect(batches == [[0, 3, 6], [1, 4, 7], [2, 5, 8]])
    }

    @Test func `classes of one padding group share a batch of the widest`() throws {
        var queue = AdaptiveQueue<Int>()
        let shapes = [100, 120, 500].map { ShapeClass(id: $0, elementsPerRow: $0, paddingGroup: 3) }
        for shape in shapes {
            for rows in [1, 2, 4, 8, 16, 32] {
                for _ in 0..<4 {
                    queue.learn(
                        shape,
                        rows: rows,
                        nanoseconds: 1_000_000 + UInt64(rows * shape.elementsPerRow * 1000)
                    )
                }
            }
        }
        for (number, shape) in [shapes[0], shapes[1], shapes[0], shapes[2]].enumerated() {
            try add(number, TaskTerms(size: number == 3 ? 16 : 2, shape: shape), &queue)
        }
        let taken = queue.batch(at: at(1_000_000))
        let batch = try #require(taken)
        #expect(batch.payloads == [0, 2, 1] && batch.shape == shapes[1])
        #expect(queue.batch(at: at(1_000_000))?.shape == shapes[2], "padding to it would have cost more than a run")
    }

    @Test func `a task that would be late is refused, with everything its caller can use`() throws {
        var queue = queue()
        let pool = PoolState(threads: 1, idleThreads: 0, nanosecondsUntilFree: 9_000_000)
        try add(0, TaskTerms(size: 3), &queue)
        do throws(TaskRefusal) {
            _ = try queue.enqueue(1, TaskTerms(size: 2, deadline: deadline(1_010_000)), at: at(1_000_000), pool)
            Issue.record("accepted")
        } catch {
            let text = error.error.message
            #expect(error.error.code == .resourceExhausted)
            #expect(text.hasPrefix("The request would be answered too late: in about 11."))
            #expect(text.contains("ms, and it had 10.0 ms; 1 tasks with 3 rows wait. Retry in 9."))
            #expect((error.error.retryAfterNanoseconds ?? 0) > 9_000_000)
        }
        #expect(queue.explanation(at: at(1_000_000), pool).refusals == [.tooLate: 1])
        #expect(queue.explanation(at: at(1_000_000), pool).depth == QueueDepth(tasks: 1, rows: 3, bytes: 0))
    }

    @Test(arguments: [
        (TaskTerms(size: 7), true), (TaskTerms(size: 6), false), (TaskTerms(size: 1, byteCount: 91), true),
    ])
    func `rows and bytes that wait are bounded`(terms: TaskTerms, isRefused: Bool) throws {
        var queue = queue(AdaptiveLimits(maximumQueuedRows: 10, maximumQueuedBytes: 100))
        try add(0, TaskTerms(size: 4, byteCount: 10), &queue)
        var error: TaskRefusal?
        do throws(TaskRefusal) {
            _ = try queue.enqueue(1, terms, at: at(1_000_000), .idle)
        } catch let refusal {
            error = refusal
        }
        #expect((error != nil) == isRefused)
        #expect(error == nil || error?.error.code == .resourceExhausted)
    }

    @Test func `one task of any size is accepted by an empty queue`() throws {
        var queue = queue(AdaptiveLimits(maximumQueuedRows: 10, maximumQueuedBytes: 100))
        try add(0, TaskTerms(size: 5000, byteCount: 1000), &queue)
        #expect(queue.batch(at: at(1_000_000))?.size == 5000)
    }

    @Test func `tasks without rows run at once and cannot fill memory`() throws {
        var queue = queue(AdaptiveLimits(maximumQueuedTasks: 10))
        for number in 0..<10 { try add(number, TaskTerms(size: 0), &queue) }
        #expect(throws: TaskRefusal.self) { try add(10, TaskTerms(size: 0), &queue) }
        let release = queue.takeBatch(at: at(1_000_000), .idle)
        #expect(release.batch.tasks.count == 10 && release.reason == .noRows)
    }

    @Test func `what expired is dropped and told so`() throws {
        var queue = queue()
        try add(1, TaskTerms(size: 1, deadline: deadline(1_010_000)), &queue)
        try add(2, TaskTerms(size: 1, deadline: deadline(1_012_000)), &queue)
        try add(3, TaskTerms(size: 1, deadline: deadline(1_090_000)), &queue)
        let release = queue.takeBatch(at: at(1_011_000), .idle)
        #expect(release.batch.payloads == [3])
        #expect(release.dropped.map(\.payload) == [1, 2])
        #expect(release.dropped.map(\.reason) == [.expired, .hopeless])
        #expect(release.dropped.map(\.error.code) == [.deadlineExceeded, .resourceExhausted])
        #expect(queue.explanation(at: at(1_011_000), .idle).drops == [.expired: 1, .hopeless: 1])
    }

    @Test func `a cancelled task leaves with its rows, once`() throws {
        var queue = queue()
        let tickets = try (0..<5).map { try add($0, TaskTerms(size: $0 + 1, byteCount: 7), &queue) }
        let left = queue.cancel(tickets[2])
        let cancelled = try #require(left)
        #expect(cancelled.payload == 2 && cancelled.rows == 3 && cancelled.isWhole)
        #expect(queue.cancel(tickets[2]) == nil)
        #expect(queue.explanation(at: at(0), .idle).depth == QueueDepth(tasks: 4, rows: 12, bytes: 28))
        #expect(queue.batch(at: at(1_000_000))?.payloads == [0, 1, 3, 4])
        #expect(queue.cancel(tickets[0]) == nil, "it runs")
    }

    @Test func `a slow first run is no trap: one task is tried, and what it shows counts`() throws {
        var queue = AdaptiveQueue<Int>()
        queue.learn(.any, rows: 1, nanoseconds: 500_000_000)
        try add(1, TaskTerms(size: 1, deadline: deadline(1_025_000)), &queue)
        let release = queue.takeBatch(at: at(1_000_000), .idle)
        #expect(release.batch.payloads == [1] && release.reason == .exploring)
        queue.learn(.any, rows: 1, nanoseconds: 1_000_000)
        for number in 2..<4 { try add(number, TaskTerms(size: 1, deadline: deadline(1_025_000)), &queue) }
        #expect(queue.batch(at: at(1_000_000))?.payloads == [2, 3])
    }

    @Test func `a model that became slow is tried again after a while`() throws {
        var queue = AdaptiveQueue<Int>()
        for _ in 0..<8 { queue.learn(.any, rows: 1, nanoseconds: 50_000_000) }
        _ = try queue.enqueue(0, TaskTerms(size: 1), at: at(900_000), .idle)
        let release = queue.takeBatch(at: at(900_000), .idle)
        let outcome = BatchOutcome(executedRows: 1, runNanoseconds: 50_000_000)
        queue.finished(FinishedBatch(release, at: at(900_000), outcome), at: at(950_000))
        let terms = TaskTerms(size: 1, deadline: deadline(1_010_000))
        #expect(throws: TaskRefusal.self) { try queue.enqueue(1, terms, at: at(1_000_000), .idle) }
        let later = TaskTerms(size: 1, deadline: deadline(2_010_000))
        _ = try queue.enqueue(2, later, at: at(2_000_000), .idle)
        #expect(queue.batch(at: at(2_000_000))?.payloads == [2])
    }

    @Test func `an explanation tells what was learnt, released and predicted`() throws {
        var queue = queue()
        for number in 0..<3 { try add(number, TaskTerms(size: 2), &queue) }
        let release = queue.takeBatch(at: at(1_000_000), .idle)
        let told = queue.explanation(at: at(1_000_000), .idle)
        #expect(told.curves.count == 1 && told.curves[0].points.map(\.rows) == [1, 2, 4, 8, 16, 32, 64, 128])
        #expect(told.releases.count == 1)
        #expect(
            told.releases[0].rows == 6 && told.releases[0].tasks == 3 && told.releases[0].reason == .everythingWaiting
        )
        let predicted = try #require(release.predictedNanoseconds)
        #expect(abs(Double(predicted) - 2_600_000) < 50_000 && told.releases[0].measuredNanoseconds == nil)
    }

    /// Random tasks, cancels and batches: every accepted task comes out exactly once, and bounds hold.
    @Test(arguments: 0..<30)
    func `every accepted task is run, dropped or cancelled exactly once`(seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        var queue = AdaptiveQueue<Int>(limits: AdaptiveLimits(maximumQueuedRows: 300, maximumBatchRows: 64))
        let fixed = UInt64.random(in: 0...3_000_000, using: &random)
        let perRow = UInt64.random(in: 1000...300_000, using: &random)
        var waiting: [Int: (ticket: TaskTicket, terms: TaskTerms)] = [:]
        var now: UInt64 = 1_000_000
        var number = 0
        for step in 0..<1500 {
            now += UInt64.random(in: 0...2000, using: &random)
            switch Int.random(in: 0...9, using: &random) {
            case 0...6:
                let terms = Self.terms(&random, now)
                if let ticket = try? queue.enqueue(step, terms, at: at(now), .idle) { waiting[step] = (ticket, terms) }
            case 7:
                guard let (task, entry) = waiting.randomElement(using: &random) else { continue }
                let cancelled = queue.cancel(entry.ticket)
                #expect(cancelled?.payload == task && cancelled?.rows == entry.terms.size)
                waiting[task] = nil
            default:
                let release = queue.takeBatch(at: at(now), PoolState(threads: 2, idleThreads: 1))
                #expect(release.isEmpty == (waiting.isEmpty), "whoever asks gets something")
                for task in release.batch.tasks {
                    #expect(waiting.removeValue(forKey: task.payload)?.terms == task.terms)
                    #expect(!task.deadline.hasPassed(at: at(now)))
                    #expect(release.batch.shape.takes(task.terms.shape))
                }
                for task in release.dropped {
                    #expect(waiting.removeValue(forKey: task.payload) != nil && !task.terms.deadline.isNever)
                }
                guard !release.batch.isEmpty else { continue }
                let rows = release.batch.size
                #expect(rows <= 64 || release.batch.tasks.count == 1)
                let time = fixed + perRow * UInt64(rows) * 3 / UInt64.random(in: 2...4, using: &random)
                let outcome = BatchOutcome(executedRows: rows, runNanoseconds: time)
                queue.finished(FinishedBatch(release, at: at(now), outcome), at: at(now))
                number += 1
            }
            let rows = waiting.values.reduce(0) { $0 + $1.terms.size }
            #expect(queue.explanation(at: at(now), .idle).depth.rows == rows)
            #expect(rows <= 300 || waiting.count == 1)
        }
        #expect(number > 50, "the walk tries something")
    }

    private static func terms(_ random: inout SplitMix, _ now: UInt64) -> TaskTerms {
        let classes = [
            ShapeClass(id: 0, elementsPerRow: 10), ShapeClass(id: 1, elementsPerRow: 20, paddingGroup: 1),
            ShapeClass(id: 2, elementsPerRow: 40, paddingGroup: 1),
        ]
        return TaskTerms(
            size: Int.random(in: 0...12, using: &random),
            byteCount: 100,
            deadline: Bool.random(using: &random)
                ? .never : Deadline(at(now + UInt64.random(in: 0...60_000, using: &random))),
            priority: Int.random(in: 0...9, using: &random) == 0 ? 1 : 0,
            tenant: Int.random(in: 0...2, using: &random),
            shape: classes[Int.random(in: 0...2, using: &random)]
        )
    }
}
