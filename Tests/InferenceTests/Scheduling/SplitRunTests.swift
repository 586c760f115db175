import Batching
import EngineInterface
import Inference
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

@Suite struct SplitRunTests {
    private let limits = BatchLimits(
        maximumTaskSize: 20,
        maximumBatchSize: 4,
        maximumWaitNanoseconds: .max,
        splitsTasks: true
    )

    @Test func `a large request runs in several batches and is answered as one`() async throws {
        let bench = await BatchingBench(limits: limits)
        let first = try bench.submit([100])
        let large = try bench.submit((0..<9).map { Float(2 * $0) })
        bench.runAll()
        #expect(bench.runs.inputs == [[100, 0, 2, 4], [6, 8, 10, 12], [14, 16]])
        #expect(first.floats == [52])
        #expect(large.floats == (0..<9).map { Float($0) + 2 })
    }

    @Test func `an error of one batch is the whole request's, and its other rows are not run`() async throws {
        let signatures = FakeModel.halfPlusTwo().signatures
        let model = FakeModel(signatures: signatures) { (request) throws(ServingError) in
            if request.inputs[0].scalars(as: Float.self).contains(6) { throw ServingError(.outOfRange, "a six") }
            return [request.inputs[0]]
        }
        let bench = await BatchingBench(model, limits: limits)
        let large = try bench.submit((0..<12).map { Float($0) })
        let other = try bench.submit([50])
        bench.runAll()
        #expect(large.error == ServingError(.outOfRange, "a six"))
        #expect(other.floats == [50])
        #expect(bench.runs.inputs == [[0, 1, 2, 3], [4, 5, 6, 7], [50]])
    }

    @Test func `a cancelled large request is answered once`() async throws {
        let bench = await BatchingBench(limits: limits)
        let large = try bench.submit((0..<12).map { Float($0) })
        #expect(bench.scheduler.runDueBatch())
        large.queued?.cancel()
        bench.runAll()
        #expect(large.error?.code == .cancelled && bench.runs.inputs.count == 1)
    }

    @Test func `parts whose outputs differ in shape cannot be joined`() async throws {
        let signatures = FakeModel.halfPlusTwo().signatures
        let width = Mutex(0)
        let model = FakeModel(signatures: signatures) { (request) throws(ServingError) in
            let columns = width.withLock { width in
                width += 1
                return width
            }
            let rows = request.inputs[0].shape[0]
            do throws(TensorError) {
                let shape = try TensorShape([rows, columns])
                return [try Tensor(.float32, shape, scalars: Array(repeating: Float(0), count: rows * columns))]
            } catch {
                throw .internalError(error.message)
            }
        }
        let bench = await BatchingBench(model, limits: limits)
        let large = try bench.submit((0..<8).map { Float($0) })
        bench.runAll()
        #expect(
            large.error
                == .failedPrecondition(
                    "The outputs of a request that was split over several batches cannot be joined: the shapes [4,1] and "
                        + "[4,2] differ"
                )
        )
    }

    @Test func `a queue that splits says what it could take`() async throws {
        var limits = limits
        limits.maximumEnqueuedBatches = 2
        let bench = await BatchingBench(limits: limits)
        _ = try bench.submit([1])
        let refused = try bench.submit((0..<8).map { Float($0) })
        #expect(
            refused.error
                == .unavailable(
                    "The batch scheduling queue to which this task was submitted is full; task size is 8 but scheduling "
                        + "capacity is only 7 (num_enqueued_batches=1, max_enqueued_batches=2, open_batch_size=1, "
                        + "max_execution_batch_size=4)"
                )
        )
        bench.runAll()
    }
}
