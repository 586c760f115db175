import Batching
import ServingPrimitives
import Testing

/// Tasks that leave a queue of TensorFlow Serving's kind before their batch runs. Times are in microseconds.
@Suite struct BatchQueueCancelTests {
    private func queue(splits: Bool) -> BatchQueue<Int> {
        BatchQueue<Int>(
            limits: BatchLimits(
                maximumTaskSize: splits ? 20 : 4,
                maximumBatchSize: 4,
                maximumWaitNanoseconds: 1_000_000,
                splitsTasks: splits
            )
        )
    }

    private func add(_ payload: Int, size: Int, _ queue: inout BatchQueue<Int>) throws -> TaskTicket {
        try queue.enqueue(payload, TaskTerms(size: size, byteCount: 10), at: at(1), .idle)
    }

    @Test func `a task leaves its batch with its rows, and makes room`() throws {
        var queue = queue(splits: false)
        let tickets = try (0..<3).map { try add($0, size: 1, &queue) }
        let cancelled = queue.cancel(tickets[1])
        #expect(cancelled?.payload == 1 && cancelled?.rows == 1 && cancelled?.isWhole == true)
        #expect(queue.cancel(tickets[1]) == nil)
        #expect(queue.openBatchSize == 2)
        _ = try add(3, size: 2, &queue)
        #expect(queue.batch(at: at(1))?.payloads == [0, 2, 3])
    }

    @Test func `a batch whose tasks are all gone is gone`() throws {
        var queue = queue(splits: false)
        let tickets = try (0..<3).map { try add($0, size: 3, &queue) }
        #expect(queue.enqueuedBatches == 3)
        #expect(queue.cancel(tickets[0])?.rows == 3)
        #expect(queue.enqueuedBatches == 2)
        #expect(queue.batch(at: at(1))?.payloads == [1])
        #expect(queue.cancel(tickets[2]) != nil && queue.isEmpty && queue.dueTime == nil)
    }

    @Test func `a split task leaves all batches that have not run`() throws {
        var queue = queue(splits: true)
        _ = try add(0, size: 3, &queue)
        let ticket = try add(1, size: 10, &queue)
        #expect(queue.batch(at: at(1))?.size == 4)
        let cancelled = queue.cancel(ticket)
        #expect(cancelled?.rows == 9 && cancelled?.isWhole == false)
        #expect(queue.isEmpty)
        #expect(queue.explanation(at: at(1), .idle).depth == QueueDepth())
    }

    @Test func `its page tells the same as that of the queue without parameters`() throws {
        var queue = queue(splits: false)
        _ = try add(0, size: 4, &queue)
        _ = try add(1, size: 1, &queue)
        #expect(throws: TaskRefusal.self) { try queue.enqueue(2, TaskTerms(size: 5), at: at(1), .idle) }
        let release = queue.takeBatch(at: at(1), .idle)
        queue.finished(
            FinishedBatch(release, at: at(1), BatchOutcome(executedRows: 4, runNanoseconds: 700)),
            at: at(2)
        )
        let told = queue.explanation(at: at(2), .idle)
        #expect(told.policy == .batchingParameters && told.refusals == [.tooLarge: 1])
        #expect(told.releases.map(\.reason) == [.full] && told.releases[0].measuredNanoseconds == 700)
        #expect(told.curves.count == 1 && told.depth == QueueDepth(tasks: 1, rows: 1, bytes: 10))
        #expect(told.limit == .batchTimeout)
    }
}
