public import Batching
import EngineInterface
public import ServingMetrics
import ServingPrimitives
import Synchronization
import Tensors

/// The queues of one model version: one for each set of input and output tensors that is asked for.
///
/// Queues of all outputs of a signature are made as they are needed. Clients can ask for as many sets of outputs as there
/// are subsets of them, and may not use up memory with that: beyond `maximumQueues` a new set is run without batching.
public final class ModelBatcher: Sendable {
    /// Queues of one version, those of whole signatures not counted.
    static let maximumQueues = 64
    /// Requests that differ only in the order of their outputs share a queue; their places in it are remembered up to
    /// so many, and looked up again beyond.
    static let maximumBindings = 256

    private struct State: Sendable {
        var queues: [BatchTensors: BatchRunner.Queue] = [:]
        var selectiveQueues = 0
        var bindings: [RunKey: BatchBinding] = [:]
    }

    private let scheduler: BatchScheduler
    private let options: ModelBatchingOptions
    private let metrics: BatchingMetrics
    private let state = Mutex(State())

    /// - Parameters:
    ///   - scheduler: the threads that run the batches, shared by all versions.
    ///   - metrics: where batches are counted; by default nowhere that is shown.
    public init(scheduler: BatchScheduler, options: ModelBatchingOptions, metrics: ServerMetrics = ServerMetrics()) {
        self.scheduler = scheduler
        self.options = options
        self.metrics = BatchingMetrics(metrics)
    }

    /// Queues a run. `completion` is called exactly once: before this returns when the run is refused, else on a thread
    /// of the scheduler.
    ///
    /// - Returns: false when there is no queue for it; then nothing has happened.
    func submit(
        _ run: ModelRun,
        cancellation: CallCancellation?,
        completion: @escaping @Sendable (Result<[Tensor], ServingError>) -> Void
    ) -> Bool {
        guard let binding = binding(for: run) else { return false }
        do throws(ServingError) {
            let size = try batchSize(of: run)
            let call = BatchedCall(run, binding, size: size, cancellation: cancellation, completion: completion)
            cancellation?.setWaitsForBatch(true)
            try binding.queue.submit(call, TaskTerms(size: size, deadline: run.request.deadline))
        } catch {
            completion(.failure(error))
        }
        return true
    }

    /// The size of dimension 0 of all inputs.
    private func batchSize(of run: ModelRun) throws(ServingError) -> Int {
        var size: Int?
        var inputs = 0
        for request in run.requests {
            for tensor in request.inputs {
                guard tensor.shape.rank > 0 else {
                    throw .invalidArgument("Batching Run() input tensors must have at least one dimension")
                }
                guard size == nil || size == tensor.shape[0] else {
                    throw .invalidArgument("Batching Run() input tensors must have equal 0th-dimension size")
                }
                size = tensor.shape[0]
                inputs += 1
            }
        }
        guard let size else { throw .invalidArgument("Batching Run() must have at least one input tensor") }
        metrics.requestCame(rows: size, inputs: inputs)
        return size
    }

    private func binding(for run: ModelRun) -> BatchBinding? {
        let key = RunKey(run)
        return state.withLock { state in
            if let binding = state.bindings[key] { return binding }
            guard let (runner, queue) = queue(for: run, &state) else { return nil }
            let binding = runner.binding(for: run, queue)
            if state.bindings.count < Self.maximumBindings { state.bindings[key] = binding }
            return binding
        }
    }

    private func queue(for run: ModelRun, _ state: inout State) -> BatchRunner.Queue? {
        let tensors = BatchTensors(run)
        if let queue = state.queues[tensors] { return queue }
        if run.isSelective {
            guard state.selectiveQueues < Self.maximumQueues else { return nil }
            state.selectiveQueues += 1
        }
        let runner = BatchRunner(run, options: options, metrics: metrics)
        let queue = scheduler.makeQueue(BatchQueue(limits: options.limits)) { runner.process($0) }
        state.queues[tensors] = (runner, queue)
        return (runner, queue)
    }
}
