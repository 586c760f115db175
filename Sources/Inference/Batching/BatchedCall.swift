import Batching
import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors

/// How a run's tensors lie in the runs of its queue.
struct BatchBinding: Sendable {
    let queue: ScheduledQueue<BatchQueue<BatchedCall>>
    /// For each input of the queue's runs, which of the run's it is; `nil` when they lie alike.
    let inputs: [Int]?
    /// For each output of the run, which of the queue's it is; `nil` when they lie alike.
    let outputs: [Int]?
}

/// A run that waits for its batch. Answered exactly once, even if its rows are in several batches.
final class BatchedCall: Sendable {
    /// What the batches gave so far of a run that was split.
    private struct Parts {
        var outputs: [(row: Int, tensors: [Tensor])] = []
        var rows = 0
        var isAnswered = false
    }

    let run: ModelRun
    /// In the order of the queue's runs.
    let inputs: [Tensor]
    private let size: Int
    private let outputs: [Int]?
    private let cancellation: CallCancellation?
    private let completion: @Sendable (Result<[Tensor], ServingError>) -> Void
    private let parts = Mutex(Parts())

    init(
        _ run: ModelRun,
        _ binding: BatchBinding,
        size: Int,
        cancellation: CallCancellation?,
        completion: @escaping @Sendable (Result<[Tensor], ServingError>) -> Void
    ) {
        self.run = run
        let sent = run.isJoint ? run.requests.flatMap(\.inputs) : run.request.inputs
        inputs = binding.inputs.map { $0.map { sent[$0] } } ?? sent
        outputs = binding.outputs
        self.size = size
        self.cancellation = cancellation
        self.completion = completion
    }

    var isCancelled: Bool { cancellation?.isCancelled ?? false }

    /// Its batch, or the first of them, is about to run.
    func begin() { cancellation?.setWaitsForBatch(false) }

    /// Whether nobody needs those rows any more, because other rows of the same run failed.
    func isAnswered(_ rows: Range<Int>) -> Bool { isWhole(rows) ? false : parts.withLock { $0.isAnswered } }

    /// Takes what the batch that had `rows` of this run came to: its outputs, cut to those rows, or an error.
    func finish(_ rows: Range<Int>, _ result: Result<[Tensor], ServingError>) {
        if isWhole(rows) { return completion(result.map(selected)) }
        if let result = collect(rows, result) { completion(result.map(selected)) }
    }

    private func isWhole(_ rows: Range<Int>) -> Bool { rows.count == size }

    private func selected(_ tensors: [Tensor]) -> [Tensor] { outputs.map { $0.map { tensors[$0] } } ?? tensors }

    /// Returns the result of the run when it is known with this part.
    private func collect(
        _ rows: Range<Int>,
        _ result: Result<[Tensor], ServingError>
    ) -> Result<[Tensor], ServingError>? {
        let known: Result<[(row: Int, tensors: [Tensor])], ServingError>? = parts.withLock { parts in
            guard !parts.isAnswered else { return nil }
            switch result {
            case .success(let tensors):
                parts.outputs.append((rows.lowerBound, tensors))
                parts.rows += rows.count
                guard parts.rows == size else { return nil }
                parts.isAnswered = true
                return .success(parts.outputs)
            case .failure(let error):
                parts.isAnswered = true
                parts.outputs = []
                return .failure(error)
            }
        }
        return known.map { $0.flatMap { outputs in Result { () throws(ServingError) in try Self.joined(outputs) } } }
    }

    /// The outputs of all parts, one after the other.
    private static func joined(_ parts: [(row: Int, tensors: [Tensor])]) throws(ServingError) -> [Tensor] {
        let parts = parts.sorted { $0.row < $1.row }
        let gather = TensorGather()
        return try parts[0].tensors.indices.map { (index) throws(ServingError) in
            do throws(TensorGatherError) {
                return try gather(parts.map { $0.tensors[index] })
            } catch {
                throw .failedPrecondition(
                    "The outputs of a request that was split over several batches cannot be joined: \(error.reason)"
                )
            }
        }
    }
}
