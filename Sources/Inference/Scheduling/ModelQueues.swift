public import Batching
import EngineInterface
public import ServingMetrics
import ServingPrimitives
import Synchronization
import Tensors

/// The queues of one model version: one for each set of input and output tensors that is asked for, and one for runs
/// that share nothing with others.
///
/// Queues of all outputs of a signature are made as they are needed. Clients can ask for as many sets of outputs as there
/// are subsets of them, and may not use up memory with that: beyond `maximumSelectiveQueues` a new set is run without
/// batching.
public final class ModelQueues: Sendable {
    /// How the runs of a version are batched.
    public enum Rules: Sendable, Hashable {
        /// As TensorFlow Serving does, with these parameters.
        case parameters(ModelBatchingOptions)
        /// As the scheduler finds best. `pads` allows it to fill rows of different lengths up to the longest.
        case adaptive(pads: Bool)
        /// Each request by itself.
        case alone
    }

    /// Queues of one version, those of whole signatures not counted.
    static let maximumSelectiveQueues = 64
    /// Requests that differ only in the order of their outputs share a queue; their places in it are remembered up to
    /// so many, and looked up again beyond.
    static let maximumBindings = 256

    private struct State: Sendable {
        var lanes: [BatchTensors: Lane] = [:]
        var selectiveQueues = 0
        /// By signature, those of runs that ask for all outputs.
        var whole: [Lane?] = []
        var bindings: [RunKey: (lane: Lane, binding: RunBinding)] = [:]
    }

    /// A queue with what runs its batches.
    struct Lane: Sendable {
        let queue: RunQueue
        let runner: BatchRunner
        let shapes: ShapeClasses
        let verification: BatchVerification
        /// For runs whose tensors lie as the queue's do.
        let straight: RunBinding
        /// For people: the signatures and what is asked of them.
        let name: String
    }

    private let scheduler: BatchScheduler
    public let rules: Rules
    private let model: String
    /// How soon answers are wanted where the caller does not say, in nanoseconds; `nil` where any time will do.
    public let objective: UInt64?
    private let metrics: BatchingMetrics
    private let aloneBinding: RunBinding
    private let state = Mutex(State())

    /// - Parameters:
    ///   - scheduler: the threads that run the batches, shared by all versions.
    ///   - model: the name under which all versions of the model share the engine with other models.
    ///   - objective: how soon answers are wanted where the caller does not say, in nanoseconds.
    ///   - metrics: where batches are counted; by default nowhere that is shown.
    public init(
        scheduler: BatchScheduler,
        rules: Rules = .adaptive(pads: false),
        model: String = "",
        objective: UInt64? = nil,
        metrics: ServerMetrics = ServerMetrics()
    ) {
        self.scheduler = scheduler
        self.rules = rules
        self.model = model
        self.objective = objective
        self.metrics = BatchingMetrics(metrics, model: model)
        let alone = AloneRunner(metrics: self.metrics)
        aloneBinding = RunBinding(
            queue: .adaptive(Self.adaptiveQueue(scheduler, model, maximumTasks: 1) { alone.process($0) }),
            inputs: nil,
            outputs: nil
        )
    }

    private static func adaptiveQueue(
        _ scheduler: BatchScheduler,
        _ model: String,
        maximumTasks: Int? = nil,
        process: @escaping @Sendable (Batch<QueuedRun>) -> BatchOutcome
    ) -> ScheduledQueue<AdaptiveQueue<QueuedRun>> {
        var limits = AdaptiveLimits()
        if let maximumTasks { limits.maximumBatchTasks = maximumTasks }
        return makeQueue(AdaptiveQueue(limits: limits), scheduler, model, process: process)
    }

    private static func makeQueue<Queue: BatchForming<QueuedRun>>(
        _ queue: Queue,
        _ scheduler: BatchScheduler,
        _ model: String,
        process: @escaping @Sendable (Batch<QueuedRun>) -> BatchOutcome
    ) -> ScheduledQueue<Queue> {
        scheduler.makeQueue(
            queue,
            // All versions of a model share what it gets.
            share: QueueShare(group: model.hashValue),
            process: process,
            drop: { dropped in for task in dropped { task.payload.giveUp(task) } },
            abandon: { batch, error in for task in batch.tasks { task.payload.fail(error) } }
        )
    }

    /// A run with its place in the queue that is for it.
    ///
    /// - Throws: what is wrong with its inputs for batches with parameters.
    func enqueueable(
        _ run: ModelRun,
        _ terms: CallTerms,
        completion: @escaping QueuedRun.Completion
    ) throws(ServingError) -> QueuedRun {
        let now = MonotonicTime.now()
        if !followParameters, terms.deadline.hasPassed(at: now) {
            throw .deadlineExceeded("Timed out waiting for notification")
        }
        let (binding, size, shape) = try place(run)
        var deadline = terms.deadline.leavingTimeForTheAnswer(from: now)
        if let objective { deadline = min(deadline, .after(nanoseconds: objective, from: now)) }
        let task = TaskTerms(
            size: size,
            byteCount: run.inputByteCount,
            deadline: deadline,
            priority: terms.priority,
            tenant: terms.tenant,
            shape: shape
        )
        return QueuedRun(run, binding, terms: task, start: now, completion: completion)
    }

    private func place(_ run: ModelRun) throws(ServingError) -> (RunBinding, size: Int, ShapeClass) {
        switch rules {
        case .parameters:
            guard run.executor.signature.sharesBatches else { break }
            let size = try batchSize(of: run)
            guard let (_, binding) = lane(for: run) else { break }
            return (binding, size, .any)
        case .adaptive:
            guard !run.isJoint, let size = run.rowCount, size > 0, run.executor.declaresRows,
                let (lane, binding) = lane(for: run), let shape = lane.shapes.shapeClass(of: run)
            else { break }
            if case .dependent = lane.verification.verdict { break }
            metrics.requestCame(rows: size, inputs: run.request.inputs.count)
            return (binding, size, shape)
        case .alone: break
        }
        let sizeClass = RunTimeEstimate.sizeClass(run.elements)
        // Runs of one signature and size take about as long.
        let id = (run.isJoint ? 1 << 32 : 0) + run.request.signature * 64 + sizeClass
        return (aloneBinding, 1, ShapeClass(id: id, elementsPerRow: run.elements, paddingGroup: -1))
    }

    /// The size of dimension 0 of all inputs, for batches with parameters.
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

    /// Whether TensorFlow Serving's rules hold.
    var followParameters: Bool { if case .parameters = rules { true } else { false } }

    /// A run outside of the queues took that long.
    func learn(_ run: ModelRun, nanoseconds: UInt64) {
        guard let (binding, size, shape) = try? place(run) else { return }
        binding.queue.learn(shape, rows: size, nanoseconds: nanoseconds)
    }

    /// What each queue knows and did. That of runs which share nothing comes last.
    var explanations: [ModelSchedule.Queue] {
        let lanes = state.withLock { $0.lanes.values.sorted { $0.name < $1.name } }
        return lanes.map { lane in
            ModelSchedule.Queue(
                name: lane.name,
                verification: lane.queue.followsParameters ? nil : lane.verification.verdict,
                explanation: lane.queue.explanation
            )
        } + [ModelSchedule.Queue(name: "", verification: nil, explanation: aloneBinding.queue.explanation)]
    }

    /// Whether runs wait in a queue.
    var hasWaiting: Bool {
        let queues = state.withLock { $0.lanes.values.map(\.queue) } + [aloneBinding.queue]
        return queues.contains { $0.explanation.depth.tasks > 0 }
    }

    // MARK: Lanes

    private func lane(for run: ModelRun) -> (Lane, RunBinding)? {
        state.withLock { state in
            if run.asksForAll {
                let signature = run.request.signature
                if signature < state.whole.count, let lane = state.whole[signature] { return (lane, lane.straight) }
                guard let (lane, binding) = makeBinding(for: run, &state) else { return nil }
                guard binding.inputs == nil, binding.outputs == nil else { return (lane, binding) }
                while state.whole.count <= signature { state.whole.append(nil) }
                state.whole[signature] = lane
                return (lane, binding)
            }
            let key = RunKey(run)
            if let known = state.bindings[key] { return known }
            guard let (lane, binding) = makeBinding(for: run, &state) else { return nil }
            if state.bindings.count < Self.maximumBindings { state.bindings[key] = (lane, binding) }
            return (lane, binding)
        }
    }

    private func makeBinding(for run: ModelRun, _ state: inout State) -> (Lane, RunBinding)? {
        guard let lane = lane(for: run, &state) else { return nil }
        return (lane, lane.runner.binding(for: run, lane.queue))
    }

    private func lane(for run: ModelRun, _ state: inout State) -> Lane? {
        let tensors = BatchTensors(run)
        if let lane = state.lanes[tensors] { return lane }
        if run.isSelective {
            guard state.selectiveQueues < Self.maximumSelectiveQueues else { return nil }
            state.selectiveQueues += 1
        }
        let lane = makeLane(for: run)
        state.lanes[tensors] = lane
        return lane
    }

    private func makeLane(for run: ModelRun) -> Lane {
        let verification = BatchVerification()
        let runner: BatchRunner
        let queue: RunQueue
        var pads = false
        switch rules {
        case .parameters(let options):
            runner = BatchRunner(run, rules: .parameters(options), metrics: metrics)
            queue = .parameters(
                Self.makeQueue(BatchQueue(limits: options.limits), scheduler, model) { [runner] in runner.process($0) }
            )
        case .adaptive, .alone:
            if case .adaptive(let mayPad) = rules { pads = mayPad }
            runner = BatchRunner(run, rules: .adaptive(pads: pads, verification: verification), metrics: metrics)
            queue = .adaptive(Self.adaptiveQueue(scheduler, model) { [runner] in runner.process($0) })
        }
        return Lane(
            queue: queue,
            runner: runner,
            shapes: ShapeClasses(mayPad: pads),
            verification: verification,
            straight: RunBinding(queue: queue, inputs: nil, outputs: nil),
            name: run.name
        )
    }
}
