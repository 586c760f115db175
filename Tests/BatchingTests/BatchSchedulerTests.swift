import Batching
import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing

@Suite struct BatchSchedulerTests {
    /// Batches that ran, as (queue, tasks).
    private final class Record: Sendable {
        let batches = Mutex<[(queue: String, tasks: [Int])]>([])

        func queue(
            _ name: String,
            _ limits: BatchLimits,
            on scheduler: BatchScheduler
        ) -> ScheduledQueue<BatchQueue<Int>> {
            scheduler.makeQueue(BatchQueue<Int>(limits: limits)) { batch in
                self.batches.withLock { $0.append((name, batch.payloads)) }
                return .nothing
            }
        }

        var names: [String] { batches.withLock { $0.map(\.queue) } }
        var tasks: [[Int]] { batches.withLock { $0.map(\.tasks) } }
    }

    /// A clock that a test moves.
    private final class ManualClock: Sendable {
        let time = Mutex<UInt64>(0)

        func scheduler() -> BatchScheduler {
            BatchScheduler(threadCount: 0, clock: { MonotonicTime(nanoseconds: self.time.withLock { $0 }) })
        }

        func set(_ microseconds: UInt64) { time.withLock { $0 = microseconds * 1000 } }
    }

    @Test func `queues are served in turn`() throws {
        let clock = ManualClock()
        let scheduler = clock.scheduler()
        let record = Record()
        let busy = record.queue("busy", BatchLimits(maximumTaskSize: 1), on: scheduler)
        let calm = record.queue("calm", BatchLimits(maximumTaskSize: 1), on: scheduler)
        for number in 0..<4 { try busy.submit(number, TaskTerms(size: 1)) }
        try calm.submit(9, TaskTerms(size: 1))
        while scheduler.runDueBatch() {}
        #expect(record.names == ["busy", "calm", "busy", "busy", "busy"])
        #expect(record.tasks == [[0], [9], [1], [2], [3]])
    }

    @Test func `a queue whose batch is not due does not hold up others`() throws {
        let clock = ManualClock()
        let scheduler = clock.scheduler()
        let record = Record()
        let patient = record.queue(
            "patient",
            BatchLimits(maximumTaskSize: 9, maximumWaitNanoseconds: 50_000),
            on: scheduler
        )
        let quick = record.queue("quick", BatchLimits(maximumTaskSize: 9), on: scheduler)
        try patient.submit(1, TaskTerms(size: 1))
        try quick.submit(2, TaskTerms(size: 1))
        #expect(scheduler.runDueBatch() && !scheduler.runDueBatch())
        clock.set(50)
        #expect(scheduler.runDueBatch() && !scheduler.runDueBatch())
        #expect(record.names == ["quick", "patient"])
    }

    @Test func `a drained scheduler waits for nobody, a shut down one refuses`() throws {
        let scheduler = ManualClock().scheduler()
        let record = Record()
        let queue = record.queue("q", BatchLimits(maximumTaskSize: 9, maximumWaitNanoseconds: .max), on: scheduler)
        try queue.submit(1, TaskTerms(size: 1))
        #expect(!scheduler.runDueBatch())
        scheduler.drain()
        #expect(scheduler.runDueBatch())
        try queue.submit(2, TaskTerms(size: 1))
        #expect(scheduler.runDueBatch())
        try queue.submit(3, TaskTerms(size: 1))
        scheduler.shutdown()
        #expect(throws: ServingError.unavailable("The server is shutting down")) {
            try queue.submit(4, TaskTerms(size: 1))
        }
        #expect(scheduler.runDueBatch() && !scheduler.runDueBatch())
        #expect(record.tasks == [[1], [2], [3]])
    }

    @Test func `a queue goes with its last reference`() throws {
        let scheduler = ManualClock().scheduler()
        let record = Record()
        var queue: ScheduledQueue? = record.queue("q", BatchLimits(maximumTaskSize: 9), on: scheduler)
        weak let left = queue
        try queue?.submit(1, TaskTerms(size: 1))
        queue = nil
        #expect(left != nil, "its task is not lost")
        #expect(scheduler.runDueBatch())
        #expect(left == nil)
        #expect(record.tasks == [[1]])
    }

    @Test func `a thread takes a batch when it is due, and one that is full before`() async {
        let scheduler = BatchScheduler(threadCount: 2)
        defer { scheduler.shutdown() }
        let (batches, batch) = AsyncStream<[Int]>.makeStream()
        let queue = scheduler.makeQueue(
            BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 2, maximumWaitNanoseconds: 1_000_000))
        ) {
            batch.yield($0.payloads)
            return .nothing
        }
        var iterator = batches.makeAsyncIterator()
        for round in 0..<20 {
            #expect(throws: Never.self) { try queue.submit(round, TaskTerms(size: 1)) }
            #expect(await iterator.next() == [round])
        }
        let patient = scheduler.makeQueue(
            BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 2, maximumWaitNanoseconds: .max))
        ) {
            batch.yield($0.payloads)
            return .nothing
        }
        #expect(throws: Never.self) {
            try patient.submit(1, TaskTerms(size: 1))
            try patient.submit(2, TaskTerms(size: 1))
        }
        #expect(await iterator.next() == [1, 2])
    }

    @Test func `a new task with an earlier time wakes the thread that waits for a later one`() async throws {
        let scheduler = BatchScheduler(threadCount: 1)
        defer { scheduler.shutdown() }
        let (batches, batch) = AsyncStream<String>.makeStream()
        func queue(_ name: String, waiting nanoseconds: UInt64) -> ScheduledQueue<BatchQueue<Int>> {
            let limits = BatchLimits(maximumTaskSize: 9, maximumWaitNanoseconds: nanoseconds)
            return scheduler.makeQueue(BatchQueue<Int>(limits: limits)) { _ in
                batch.yield(name)
                return .nothing
            }
        }
        let late = queue("late", waiting: 3_600_000_000_000)
        let soon = queue("soon", waiting: 2_000_000)
        try late.submit(0, TaskTerms(size: 1))
        try soon.submit(0, TaskTerms(size: 1))
        #expect(await batches.first { _ in true } == "soon")
    }

    @Test func `a shutdown lets what waits finish`() async throws {
        let scheduler = BatchScheduler(threadCount: 3)
        let done = Mutex(0)
        let (ends, end) = AsyncStream<Void>.makeStream()
        let queue = scheduler.makeQueue(
            BatchQueue<Int>(
                limits: BatchLimits(maximumTaskSize: 4, maximumWaitNanoseconds: .max, maximumEnqueuedBatches: 99)
            )
        ) { batch in
            let isLast = done.withLock { done in
                done += batch.tasks.count
                return done == 102
            }
            if isLast { end.yield() }
            return .nothing
        }
        for number in 0..<102 { try queue.submit(number, TaskTerms(size: 1)) }
        scheduler.shutdown()
        await ends.first { true }
        #expect(done.withLock { $0 } == 102)
    }

    /// Several threads submit to several queues on several threads, for real.
    @Test(arguments: [0, 100_000] as [UInt64])
    func `every accepted task of many threads runs exactly once`(wait: UInt64) async {
        let scheduler = BatchScheduler(threadCount: 3)
        defer { scheduler.shutdown() }
        let queueCount = 4
        let threadCount = 4
        let each = 3000
        let seen = Mutex<[Int: Int]>([:])
        let (events, event) = AsyncStream<Int>.makeStream()
        let queues = (0..<queueCount).map { _ in
            scheduler.makeQueue(
                BatchQueue<Int>(
                    limits: BatchLimits(
                        maximumTaskSize: 12,
                        maximumBatchSize: 5,
                        maximumWaitNanoseconds: wait,
                        maximumEnqueuedBatches: 1000,
                        splitsTasks: true
                    )
                )
            ) { batch in
                seen.withLock { seen in for task in batch.tasks { seen[task.payload, default: 0] += task.size } }
                event.yield(batch.size)
                return .nothing
            }
        }
        let sizes = Mutex<[Int: Int]>([:])
        for thread in 0..<threadCount {
            startThread(named: "submitter") {
                var random = SplitMix(seed: UInt64(thread))
                var accepted: [Int: Int] = [:]
                for number in 0..<each {
                    let task = thread * each + number
                    let size = Int.random(in: 1...12, using: &random)
                    let queue = queues[Int.random(in: 0..<queueCount, using: &random)]
                    if (try? queue.submit(task, TaskTerms(size: size))) != nil { accepted[task] = size }
                }
                sizes.withLock { $0.merge(accepted) { $1 } }
                event.yield(0)
            }
        }
        var submitters = 0
        var rows = 0
        for await size in events {
            rows += size
            submitters += size == 0 ? 1 : 0
            if submitters == threadCount, rows == sizes.withLock({ $0.values.reduce(0, +) }) { break }
        }
        #expect(seen.withLock { $0 } == sizes.withLock { $0 })
        #expect(sizes.withLock { $0.count } > 1000)
    }
}
