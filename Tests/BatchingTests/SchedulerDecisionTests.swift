import Batching
import ServingPrimitives
import Synchronization
import Testing

/// What a scheduler decides between queues, and about whose thread runs what; driven by hand.
@Suite struct SchedulerDecisionTests {
    /// A scheduler whose clock and threads the test plays, with queues of one task a batch unless said otherwise.
    private final class Bench: Sendable {
        let time = Mutex<UInt64>(1_000_000_000)
        let log = Mutex<[String]>([])
        let threads: Int

        init(threads: Int = 1) { self.threads = threads }

        func scheduler() -> BatchScheduler {
            BatchScheduler(simulatedThreads: threads) { MonotonicTime(nanoseconds: self.time.withLock { $0 }) }
        }

        func pass(_ nanoseconds: UInt64) { time.withLock { $0 += nanoseconds } }

        func queue(
            _ name: String,
            _ scheduler: BatchScheduler,
            share: QueueShare = QueueShare(),
            limits: AdaptiveLimits = AdaptiveLimits(maximumBatchTasks: 1),
            nanoseconds: UInt64 = 1_000_000
        ) -> ScheduledQueue<AdaptiveQueue<Int>> {
            scheduler.makeQueue(
                AdaptiveQueue<Int>(limits: limits),
                share: share,
                process: { batch in
                    self.log.withLock { $0.append(name) }
                    return BatchOutcome(executedRows: batch.size, runNanoseconds: nanoseconds)
                },
                drop: { tasks in self.log.withLock { $0 += tasks.map { "\(name) drops \($0.payload)" } } },
                abandon: { batch, error in
                    self.log.withLock { $0.append("\(name) abandons \(batch.payloads) \(error.code.name)") }
                }
            )
        }

        /// How often each name came among the first `count` batches.
        func counts(first count: Int) -> [String: Int] {
            log.withLock { log in log.prefix(count).reduce(into: [:]) { $0[$1, default: 0] += 1 } }
        }
    }

    private func fill(_ queue: ScheduledQueue<AdaptiveQueue<Int>>, _ count: Int, _ terms: TaskTerms) throws {
        for number in 0..<count { try queue.submit(number, terms) }
    }

    @Test func `models share engine time by weight, not by batches`() throws {
        let bench = Bench()
        let scheduler = bench.scheduler()
        let slow = bench.queue("slow", scheduler, share: QueueShare(group: 1), nanoseconds: 30_000_000)
        let quick = bench.queue("quick", scheduler, share: QueueShare(group: 2), nanoseconds: 10_000_000)
        let heavy = bench.queue("heavy", scheduler, share: QueueShare(group: 3, weight: 2), nanoseconds: 10_000_000)
        for queue in [slow, quick, heavy] { try fill(queue, 400, TaskTerms(size: 1)) }
        for _ in 0..<200 { #expect(scheduler.runDueBatch()) }
        let counts = bench.counts(first: 200)
        // Of 10 parts of batches 1 is slow's, 3 are quick's and 6 heavy's.
        #expect((16...26).contains(counts["slow", default: 0]))
        #expect((52...68).contains(counts["quick", default: 0]))
        #expect((108...132).contains(counts["heavy", default: 0]))
    }

    @Test func `the queues of one model share its weight`() throws {
        let bench = Bench()
        let scheduler = bench.scheduler()
        let many = (0..<4).map { _ in
            bench.queue("many", scheduler, share: QueueShare(group: 1), nanoseconds: 20_000_000)
        }
        let one = bench.queue("one", scheduler, share: QueueShare(group: 2), nanoseconds: 20_000_000)
        for queue in many + [one] { try fill(queue, 100, TaskTerms(size: 1)) }
        for _ in 0..<100 { #expect(scheduler.runDueBatch()) }
        #expect((45...55).contains(bench.counts(first: 100)["one", default: 0]))
    }

    @Test func `among models within their shares the first deadline goes first`() throws {
        let bench = Bench()
        let scheduler = bench.scheduler()
        let late = bench.queue("late", scheduler)
        let soon = bench.queue("soon", scheduler)
        let never = bench.queue("never", scheduler)
        try never.submit(0, TaskTerms(size: 1))
        try late.submit(0, TaskTerms(size: 1, deadline: Deadline(MonotonicTime(nanoseconds: 1_090_000_000))))
        try soon.submit(0, TaskTerms(size: 1, deadline: Deadline(MonotonicTime(nanoseconds: 1_050_000_000))))
        while scheduler.runDueBatch() {}
        #expect(bench.log.withLock { $0 } == ["soon", "late", "never"])
    }

    @Test func `priority goes first, but nobody starves`() throws {
        let bench = Bench()
        let scheduler = bench.scheduler()
        let high = bench.queue("high", scheduler)
        let low = bench.queue("low", scheduler)
        try fill(low, 10, TaskTerms(size: 1))
        try fill(high, 3000, TaskTerms(size: 1, priority: 1))
        for _ in 0..<2000 {
            #expect(scheduler.runDueBatch())
            bench.pass(1_000_000)
        }
        #expect(bench.counts(first: 400)["low"] == nil)
        #expect((2...5).contains(bench.counts(first: 2000)["low", default: 0]), "one each half second")
    }

    /// Random models with random weights, priorities and loads: whoever waits gets something every second.
    @Test(arguments: 0..<10)
    func `no model waits longer than a second for a batch`(seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        let bench = Bench(threads: 1)
        let scheduler = bench.scheduler()
        let names = (0..<5).map { "m\($0)" }
        let queues = names.enumerated().map { index, name in
            bench.queue(
                name,
                scheduler,
                share: QueueShare(group: index, weight: Double.random(in: 0.1...5, using: &random)),
                nanoseconds: UInt64.random(in: 1...20, using: &random) * 1_000_000
            )
        }
        let priorities = names.map { _ in Int.random(in: 0...2, using: &random) }
        for (queue, priority) in zip(queues, priorities) {
            try fill(queue, 3000, TaskTerms(size: 1, priority: priority))
        }
        var last = [String: UInt64]()
        for step in 0..<2000 {
            let before = bench.time.withLock { $0 }
            #expect(scheduler.runDueBatch())
            let name = bench.log.withLock { $0[step] }
            #expect(before - last[name, default: 1_000_000_000] <= 1_000_000_000)
            last[name] = before
            bench.pass(10_000_000)
        }
        #expect(last.count == 5)
    }

    // MARK: Groups

    @Test(arguments: 0..<10)
    func `a group is queued as its tasks one by one would be`(seed: Int) {
        var random = SplitMix(seed: UInt64(seed))
        let bench = Bench()
        let scheduler = bench.scheduler()
        let limits = AdaptiveLimits(maximumQueuedRows: 40)
        let (together, single) = (
            bench.queue("a", scheduler, limits: limits), bench.queue("b", scheduler, limits: limits)
        )
        let tasks = (0..<30).map { number in
            (payload: number, terms: TaskTerms(size: Int.random(in: 0...5, using: &random)))
        }
        let result = together.submit(contentsOf: tasks)
        var refused: [Int] = []
        for task in tasks where (try? single.submit(task.payload, task.terms)) == nil { refused.append(task.payload) }
        #expect(result.refused.map(\.index) == refused && !refused.isEmpty)
        #expect(result.tickets.indices.filter { result.tickets[$0] == nil } == refused)
        #expect(result.batchToRunHere == nil)
        #expect(together.explanation().depth == single.explanation().depth)
    }

    /// A queue that knows that a row takes 2 µs, or 2 ms.
    private func tiny(
        _ bench: Bench,
        _ scheduler: BatchScheduler,
        perRow: UInt64 = 2000
    ) -> ScheduledQueue<AdaptiveQueue<Int>> {
        let queue = bench.queue("tiny", scheduler, limits: AdaptiveLimits(), nanoseconds: perRow)
        for _ in 0..<4 {
            for rows in 1...4 { queue.learn(.any, rows: rows, nanoseconds: perRow * UInt64(rows)) }
        }
        return queue
    }

    @Test func `a tiny run that nothing waits for is the caller's`() {
        let bench = Bench()
        let scheduler = bench.scheduler()
        let queue = tiny(bench, scheduler)
        let result = queue.submit(contentsOf: [(1, TaskTerms(size: 1)), (2, TaskTerms(size: 1))], mayRunHere: true)
        #expect(result.batchToRunHere?.batch.payloads.isEmpty == false)
        if let lease = result.batchToRunHere { queue.run(lease) }
        while scheduler.runDueBatch() {}
        #expect(queue.explanation().depth == QueueDepth())
        #expect(queue.explanation().releases.allSatisfy { $0.measuredNanoseconds == 2000 })
    }

    @Test func `a run that takes longer than a thread to wake is not the caller's`() {
        let bench = Bench()
        let scheduler = bench.scheduler()
        let long = tiny(bench, scheduler, perRow: 2_000_000)
        #expect(long.submit(contentsOf: [(1, TaskTerms(size: 1))], mayRunHere: true).batchToRunHere == nil)
        let unknown = bench.queue("unknown", scheduler, limits: AdaptiveLimits())
        #expect(unknown.submit(contentsOf: [(1, TaskTerms(size: 1))], mayRunHere: true).batchToRunHere == nil)
        let unwilling = tiny(bench, scheduler)
        #expect(unwilling.submit(contentsOf: [(1, TaskTerms(size: 1))]).batchToRunHere == nil)
        #expect(unwilling.submit(contentsOf: [(2, TaskTerms(size: 1))], mayRunHere: true).batchToRunHere == nil)
    }

    @Test func `what is more urgent is not held up by a caller's run`() throws {
        let bench = Bench()
        let scheduler = bench.scheduler()
        let urgent = bench.queue("urgent", scheduler)
        try fill(urgent, 2, TaskTerms(size: 1, priority: 9))
        let running = scheduler.startDueBatch()
        #expect(running != nil)
        #expect(
            tiny(bench, scheduler).submit(contentsOf: [(1, TaskTerms(size: 1))], mayRunHere: true).batchToRunHere == nil
        )
    }

    // MARK: Batches that hang

    @Test func `a batch that hangs is given up once, and what it comes to is ignored`() throws {
        let bench = Bench(threads: 1)
        let scheduler = bench.scheduler()
        let queue = bench.queue("q", scheduler)
        try fill(queue, 2, TaskTerms(size: 1))
        let started = scheduler.startDueBatch()
        let hung = try #require(started)
        bench.pass(59_000_000_000)
        scheduler.abandonHungBatches()
        #expect(bench.log.withLock { $0 }.isEmpty)
        bench.pass(2_000_000_000)
        scheduler.abandonHungBatches()
        scheduler.abandonHungBatches()
        #expect(bench.log.withLock { $0 } == ["q abandons [0] DEADLINE_EXCEEDED"])
        #expect(scheduler.finish(hung, BatchOutcome(executedRows: 1, runNanoseconds: 61_000_000_000)) == false)
        #expect(queue.explanation().curves.isEmpty)
        #expect(scheduler.runDueBatch(), "others run meanwhile")
    }

    @Test func `a thread whose batch hangs is replaced`() async throws {
        let time = Mutex<UInt64>(1_000_000_000)
        let scheduler = BatchScheduler(threadCount: 1) { MonotonicTime(nanoseconds: time.withLock { $0 }) }
        defer { scheduler.shutdown() }
        let (events, event) = AsyncStream<String>.makeStream()
        let hang = HangingRun()
        let queue = scheduler.makeQueue(
            AdaptiveQueue<Int>(limits: AdaptiveLimits(maximumBatchTasks: 1)),
            process: { batch in
                event.yield("run \(batch.payloads)")
                if batch.payloads == [0] { hang.wait() }
                return .nothing
            },
            abandon: { batch, _ in event.yield("abandon \(batch.payloads)") }
        )
        var iterator = events.makeAsyncIterator()
        try queue.submit(0, TaskTerms(size: 1))
        #expect(await iterator.next() == "run [0]")
        try queue.submit(1, TaskTerms(size: 1))
        time.withLock { $0 += 61_000_000_000 }
        scheduler.abandonHungBatches()
        #expect(Set([await iterator.next(), await iterator.next()]) == ["abandon [0]", "run [1]"])
        hang.end()
        try queue.submit(2, TaskTerms(size: 1))
        #expect(await iterator.next() == "run [2]")
    }
}

/// A run that takes until it is told to end.
private final class HangingRun: Sendable {
    private let isOver = Atomic(false)

    func wait() { while !isOver.load(ordering: .acquiring) {} }
    func end() { isOver.store(true, ordering: .releasing) }
}
