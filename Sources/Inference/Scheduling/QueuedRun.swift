import Batching
import EngineInterface
import ServingMetrics
public import ServingPrimitives
import Synchronization
import Tensors

/// A run from its request to its answer: what waits in the queues. Answered exactly once, even if its rows are in
/// several batches.
public final class QueuedRun: @unchecked Sendable {
    // Sendable: `ticket` belongs to the thread that submits and cancels, everything else that changes is atomic or
    // behind `parts`.
    typealias Completion = @Sendable (Result<[Tensor], ServingError>) -> Void

    /// What the batches gave so far of a run that was split.
    private struct Parts {
        var outputs: [(row: Int, tensors: [Tensor])] = []
        var rows = 0
    }

    let run: ModelRun
    let binding: RunBinding
    let terms: TaskTerms
    let start: MonotonicTime
    private let completion: Completion
    private let answered = Atomic<Bool>(false)
    private let cancelled = Atomic<Bool>(false)
    private let waits = Atomic<Bool>(true)
    /// Points in time for those who tell of requests, and rows and requests of its batch. Another thread may read them at
    /// any moment: the caller's deadline does not wait for the run.
    let beganAt = Atomic<UInt64>(0)
    let endedAt = Atomic<UInt64>(0)
    let batchRows = Atomic<Int>(0)
    let batchRequests = Atomic<Int>(0)
    private let parts = Mutex(Parts())
    /// Its place in the queue, once it is there.
    var ticket: TaskTicket?

    init(
        _ run: ModelRun,
        _ binding: RunBinding,
        terms: TaskTerms,
        start: MonotonicTime,
        completion: @escaping Completion
    ) {
        self.run = run
        self.binding = binding
        self.terms = terms
        self.start = start
        self.completion = completion
    }

    /// Tensor `index` of those that the runs of its queue feed.
    func input(_ index: Int) -> Tensor {
        let position = binding.inputs.map { $0[index] } ?? index
        guard run.isJoint else { return run.request.inputs[position] }
        var rest = position
        for request in run.requests {
            if rest < request.inputs.count { return request.inputs[rest] }
            rest -= request.inputs.count
        }
        preconditionFailure("a queue feeds what its runs have")
    }

    // MARK: The caller

    /// Nobody waits for the answer any more: what waits leaves its queue at once. Called on the thread that made the
    /// call.
    public func cancel() {
        guard !cancelled.exchange(true, ordering: .relaxed) else { return }
        // What is not queued yet is not going to be.
        if let ticket, !binding.queue.cancel(ticket) { return }
        finish(with: .failure(Self.cancelledBeforeRun))
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    static let cancelledBeforeRun = ServingError(.cancelled, "The caller cancelled the request before it was run")

    /// What to answer when the deadline passes now: TensorFlow Serving tells calls that expired while they waited for
    /// their batch from those that ran too long.
    public var timeoutError: ServingError {
        binding.queue.followsParameters && waits.load(ordering: .relaxed)
            ? Self.timeoutWhileQueued : .deadlineExceeded("Timed out waiting for notification")
    }

    static let timeoutWhileQueued = ServingError(
        .resourceExhausted,
        "Run() timeout exceeded while waiting in batching queue"
    )

    // MARK: Its batches

    /// Its batch, or one of them, is about to run.
    func begin(at now: MonotonicTime, batchRows rows: Int, batchRequests requests: Int) {
        waits.store(false, ordering: .relaxed)
        guard beganAt.load(ordering: .relaxed) == 0 else { return }
        beganAt.store(now.nanoseconds, ordering: .relaxed)
        batchRows.store(rows, ordering: .relaxed)
        batchRequests.store(requests, ordering: .relaxed)
    }

    /// The engine is done with one of its batches.
    func engineDone(at now: MonotonicTime) { endedAt.store(now.nanoseconds, ordering: .relaxed) }

    /// Whether nobody needs its rows any more: other rows of the same run failed, or the batch was given up.
    var isAnswered: Bool { answered.load(ordering: .relaxed) }

    /// Takes what the batch that had `rows` of this run came to: its outputs, of which `outputRows` are this run's;
    /// `nil` when all of them are.
    func finish(_ rows: Range<Int>, _ outputs: [Tensor], _ outputRows: Range<Int>?) {
        let own = outputRows.map { rows in outputs.map { $0.rows(rows) } } ?? outputs
        if rows.count == terms.size {
            finish(with: .success(selected(own)))
        } else if let tensors = collect(rows, own) {
            finish(with: tensors.map(selected))
        }
    }

    /// Takes that it cannot be in time. Where that is the server's own objective, and the caller would have waited
    /// longer, it is the server that is overloaded.
    func giveUp(_ dropped: DroppedTask<QueuedRun>) {
        var error = dropped.error
        if error.code == .deadlineExceeded, !run.request.deadline.hasPassed(at: .now()) {
            error.code = .resourceExhausted
            error.retryAfterNanoseconds = dropped.estimate.retryNanoseconds
        }
        fail(error)
    }

    func fail(_ error: ServingError) { finish(with: .failure(error)) }

    private func finish(with result: Result<[Tensor], ServingError>) {
        guard !answered.exchange(true, ordering: .relaxed) else { return }
        if let api = run.api, case .success = result {
            run.model.servable.metrics.ran(api, nanoseconds: MonotonicTime.now().nanoseconds(since: start))
        }
        completion(result)
    }

    private func selected(_ tensors: [Tensor]) -> [Tensor] {
        binding.outputs.map { $0.map { tensors[$0] } } ?? tensors
    }

    /// Returns the result of the run when it is known with this part.
    private func collect(_ rows: Range<Int>, _ tensors: [Tensor]) -> Result<[Tensor], ServingError>? {
        let known: [(row: Int, tensors: [Tensor])]? = parts.withLock { parts in
            parts.outputs.append((rows.lowerBound, tensors))
            parts.rows += rows.count
            return parts.rows == terms.size ? parts.outputs : nil
        }
        guard let known else { return nil }
        return Result { () throws(ServingError) in try Self.joined(known) }
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
