import Batching
import ServingPrimitives
import Testing

/// Rules and texts of TensorFlow's `shared_batch_scheduler.h`. Times are in microseconds.
@Suite struct BatchQueueTests {
    @Test func `a task waits for company until its batch is old enough`() throws {
        var queue = BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 10, maximumWaitNanoseconds: 100_000))
        #expect(queue.dueTime == nil && queue.isEmpty)
        try queue.add(1, size: 2, at: 50)
        #expect(queue.dueTime == at(150))
        #expect(queue.batch(at: at(149))?.payloads == nil)
        try queue.add(2, size: 3, at: 140)
        let taken = queue.batch(at: at(150))
        let batch = try #require(taken)
        #expect(batch.payloads == [1, 2] && batch.size == 5)
        #expect(queue.batch(at: at(1000))?.payloads == nil && queue.isEmpty && queue.dueTime == nil)
    }

    @Test func `without a timeout a batch is due at once`() throws {
        var queue = BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 10))
        try queue.add(1, size: 1, at: 7)
        #expect(queue.dueTime == at(7))
        #expect(queue.batch(at: at(7))?.payloads == [1])
    }

    @Test func `a full batch is due before its time`() throws {
        var queue = BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 4, maximumWaitNanoseconds: 1_000_000))
        try queue.add(1, size: 3, at: 0)
        #expect(queue.batch(at: at(1))?.payloads == nil)
        try queue.add(2, size: 1, at: 1)
        #expect(queue.batch(at: at(1))?.payloads == [1, 2])
    }

    @Test func `a task never joins a batch that it would overfill`() throws {
        var queue = BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 4, maximumWaitNanoseconds: 1_000_000))
        try queue.add(1, size: 3, at: 0)
        try queue.add(2, size: 2, at: 1)
        try queue.add(3, size: 1, at: 2)
        #expect(queue.enqueuedBatches == 2)
        #expect(queue.batch(at: at(2))?.payloads == [1])
        #expect(queue.batch(at: at(2))?.payloads == nil)
        #expect(queue.dueTime == at(1001))
        #expect(queue.batch(at: at(1001))?.payloads == [2, 3])
    }

    @Test func `a task larger than the largest batch is refused`() throws {
        var queue = BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 4))
        #expect(throws: ServingError.invalidArgument("Task size 5 is larger than maximum input batch size 4")) {
            try queue.add(1, size: 5, at: 0)
        }
        #expect(queue.isEmpty)
    }

    @Test func `a full queue refuses a task that needs a further batch`() throws {
        var queue = BatchQueue<Int>(
            limits: BatchLimits(maximumTaskSize: 4, maximumWaitNanoseconds: 9_000, maximumEnqueuedBatches: 2)
        )
        try queue.add(1, size: 4, at: 0)
        try queue.add(2, size: 3, at: 0)
        let full = ServingError.unavailable(
            "The batch scheduling queue to which this task was submitted is full; currently 2 batches enqueued and "
                + "max_enqueued_batches is 2"
        )
        #expect(throws: full) { try queue.add(3, size: 2, at: 0) }
        try queue.add(4, size: 1, at: 0)
        #expect(throws: full) { try queue.add(5, size: 1, at: 0) }
        #expect(queue.batch(at: at(0))?.payloads == [1], "a batch that runs does not count")
        try queue.add(6, size: 1, at: 0)
        #expect(queue.batch(at: at(0))?.payloads == [2, 4])
    }

    @Test func `a large task fills the open batch first, then batches of its own`() throws {
        var queue = BatchQueue<Int>(
            limits: BatchLimits(
                maximumTaskSize: 20,
                maximumBatchSize: 4,
                maximumWaitNanoseconds: 50_000,
                splitsTasks: true
            )
        )
        try queue.add(1, size: 3, at: 0)
        try queue.add(2, size: 10, at: 1)
        var rows: [[Range<Int>]] = []
        while let batch = queue.batch(at: at(60)) {
            #expect(batch.size <= 4)
            rows.append(batch.tasks.filter { $0.payload == 2 }.map(\.rows))
        }
        #expect(rows == [[0..<1], [1..<5], [5..<9], [9..<10]])
    }

    @Test func `a task that fits is not split`() throws {
        var queue = BatchQueue<Int>(
            limits: BatchLimits(maximumTaskSize: 20, maximumBatchSize: 4, splitsTasks: true)
        )
        try queue.add(1, size: 2, at: 0)
        try queue.add(2, size: 2, at: 0)
        #expect(queue.batch(at: at(0))?.tasks.map(\.rows) == [0..<2, 0..<2])
    }

    @Test func `a queue that splits says how much it could take`() throws {
        var queue = BatchQueue<Int>(
            limits: BatchLimits(
                maximumTaskSize: 20,
                maximumBatchSize: 4,
                maximumWaitNanoseconds: 9_000,
                maximumEnqueuedBatches: 3,
                splitsTasks: true
            )
        )
        try queue.add(1, size: 5, at: 0)
        #expect(
            throws: ServingError.unavailable(
                "The batch scheduling queue to which this task was submitted is full; task size is 8 but scheduling "
                    + "capacity is only 7 (num_enqueued_batches=2, max_enqueued_batches=3, open_batch_size=1, "
                    + "max_execution_batch_size=4)"
            )
        ) { try queue.add(2, size: 8, at: 0) }
        try queue.add(3, size: 7, at: 0)
        #expect(queue.enqueuedBatches == 3)
        #expect(throws: ServingError.invalidArgument("Task size 21 is larger than maximum input batch size 20")) {
            try queue.add(4, size: 21, at: 0)
        }
    }

    @Test func `tasks without rows are batched as others are`() throws {
        var queue = BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 4, maximumWaitNanoseconds: 10_000))
        try queue.add(1, size: 0, at: 0)
        #expect(queue.dueTime == at(10))
        try queue.add(2, size: 4, at: 1)
        try queue.add(3, size: 0, at: 1)
        #expect(queue.batch(at: at(1))?.payloads == [1, 2, 3])
        try queue.add(4, size: 0, at: 5)
        let taken = queue.batch(at: at(15))
        let batch = try #require(taken)
        #expect(batch.payloads == [4] && batch.size == 0)
    }

    @Test func `tasks without rows cannot fill memory`() throws {
        var queue = BatchQueue<Int>(
            limits: BatchLimits(maximumTaskSize: 4, maximumWaitNanoseconds: 1_000_000, maximumEnqueuedBatches: 2)
        )
        for number in 0..<2048 { try queue.add(number, size: 0, at: 0) }
        #expect(throws: ServingError.self) { try queue.add(-1, size: 0, at: 0) }
        #expect(queue.batch(at: at(0))?.tasks.count == 1024)
        #expect(queue.batch(at: at(0))?.tasks.count == 1024)
        #expect(queue.isEmpty)
    }

    @Test func `nothing waits for company while the queue drains`() throws {
        var queue = BatchQueue<Int>(limits: BatchLimits(maximumTaskSize: 4, maximumWaitNanoseconds: 1_000_000))
        try queue.add(1, size: 1, at: 0)
        queue.drain()
        #expect(queue.batch(at: at(0))?.payloads == [1])
        try queue.add(2, size: 1, at: 0)
        #expect(queue.batch(at: at(0))?.payloads == [2])
    }

    @Test func `limits at the edge of the integers do not overflow`() throws {
        var queue = BatchQueue<Int>(
            limits: BatchLimits(
                maximumTaskSize: .max,
                maximumWaitNanoseconds: .max,
                maximumEnqueuedBatches: .max,
                splitsTasks: true
            )
        )
        try queue.add(1, size: .max - 1, at: 0)
        try queue.add(2, size: 5, at: 0)
        #expect(queue.enqueuedBatches == 2)
        #expect(queue.batch(at: at(0))?.size == .max)
        #expect(queue.dueTime == MonotonicTime(nanoseconds: .max))
    }
}

/// A time in microseconds.
func at(_ microseconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: microseconds * 1000) }

extension BatchForming {
    mutating func add(
        _ payload: Payload,
        size: Int,
        deadline: Deadline = .never,
        at microseconds: UInt64
    ) throws(ServingError) {
        let terms = TaskTerms(size: size, deadline: deadline)
        do throws(TaskRefusal) {
            _ = try enqueue(payload, terms, at: MonotonicTime(nanoseconds: microseconds * 1000), .idle)
        } catch {
            throw error.error
        }
    }

    /// The next batch, when one is due.
    mutating func batch(at now: MonotonicTime) -> Batch<Payload>? {
        let batch = takeBatch(at: now, .idle).batch
        return batch.isEmpty ? nil : batch
    }
}

extension Batch {
    var payloads: [Payload] { tasks.map(\.payload) }
}
