import Batching
import ServingPrimitives
import Testing

/// Random operations on a queue and on a model of it that is too simple to be wrong.
@Suite struct BatchQueueModelTests {
    /// What a queue is about: which rows wait, in which order, since when.
    private struct Model {
        var waiting: [(task: Int, row: Int, time: UInt64)] = []
        var accepted = 0
    }

    @Test(arguments: 0..<40)
    func `no row is lost or given twice, order is kept, and no batch is too large or too early`(seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        let splits = Bool.random(using: &random)
        let batchSize = Int.random(in: 1...8, using: &random)
        let limits = BatchLimits(
            maximumTaskSize: splits ? batchSize * Int.random(in: 1...4, using: &random) : batchSize,
            maximumBatchSize: batchSize,
            maximumWaitNanoseconds: UInt64.random(in: 0...20, using: &random) * 1000,
            maximumEnqueuedBatches: Int.random(in: 1...5, using: &random),
            splitsTasks: splits
        )
        var queue = BatchQueue<Int>(limits: limits)
        var model = Model()
        var now: UInt64 = 0
        for task in 0..<2000 {
            now += UInt64.random(in: 0...10, using: &random)
            switch Int.random(in: 0...4, using: &random) {
            case 0...2: add(task, Int.random(in: 1...limits.maximumTaskSize + 1, using: &random), now, &queue, &model)
            default: take(now, &queue, &model)
            }
            #expect(queue.enqueuedBatches <= limits.maximumEnqueuedBatches)
            #expect(queue.isEmpty == model.waiting.isEmpty)
            #expect((queue.dueTime == nil) == queue.isEmpty)
            if let first = model.waiting.first, let due = queue.dueTime {
                #expect(due.nanoseconds <= first.time * 1000 + limits.maximumWaitNanoseconds, "nobody waits too long")
            }
        }
        queue.drain()
        while !queue.isEmpty { take(now, &queue, &model) }
        #expect(model.waiting.isEmpty)
        #expect(model.accepted > 100, "the walk tries something")
    }

    private func add(_ task: Int, _ size: Int, _ now: UInt64, _ queue: inout BatchQueue<Int>, _ model: inout Model) {
        let before = (queue.enqueuedBatches, queue.openBatchSize, queue.dueTime)
        do throws(ServingError) {
            try queue.add(task, size: size, at: now)
            #expect(size <= queue.limits.maximumTaskSize)
            model.waiting += (0..<size).map { (task, $0, now) }
            model.accepted += 1
        } catch {
            #expect(before == (queue.enqueuedBatches, queue.openBatchSize, queue.dueTime), "a refusal changes nothing")
            let free = queue.limits.maximumBatchSize - before.1
            let isTooLarge = size > queue.limits.maximumTaskSize
            #expect(error.code == (isTooLarge ? .invalidArgument : .unavailable))
            #expect(isTooLarge || size > free, "a task that fits is not refused")
        }
    }

    private func take(_ now: UInt64, _ queue: inout BatchQueue<Int>, _ model: inout Model) {
        let due = queue.dueTime
        guard let batch = queue.batch(at: at(now)) else {
            #expect(due.map { $0 > at(now) } ?? true, "a batch that is due is given")
            return
        }
        #expect(due.map { $0 <= at(now) } ?? false, "no batch is given before it is due")
        #expect(batch.size <= queue.limits.maximumBatchSize && batch.size == batch.tasks.reduce(0) { $0 + $1.size })
        for task in batch.tasks {
            for row in task.rows {
                let first = model.waiting.isEmpty ? nil : model.waiting.removeFirst()
                #expect(
                    first?.task == task.payload && first?.row == row && first.map { at($0.time) } == task.enqueueTime
                )
            }
        }
    }
}

/// A small generator with a seed.
struct SplitMix: RandomNumberGenerator {
    var seed: UInt64

    mutating func next() -> UInt64 {
        seed &+= 0x9E37_79B9_7F4A_7C15
        var value = (seed ^ (seed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
