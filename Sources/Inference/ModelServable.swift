public import EngineInterface
public import Servables
public import ServingMetrics
public import ServingPrimitives
import Synchronization
import Tensors

/// A loaded model as the servable manager keeps it, with what the request path looks up for every call.
public final class ModelServable: Servable {
    public let model: any LoadedModel
    let executors: [String: SignatureExecutor]
    /// Where the runs of this version wait.
    let queues: ModelQueues
    let metrics: ModelMetrics
    let requestLog: RequestLogTap
    /// What runs are called in a profile: `half_plus_two/1`.
    let name: String
    private let tracer: RunTracer?
    /// Runs on the engine now, of batches as of single requests.
    private let running = Atomic<Int>(0)
    /// `nil` for a model that is never left alone.
    public let breaker: ModelBreaker?
    /// The model, where it may be away for a while.
    let recovery: (any RecoveringModel)?

    /// - Parameters:
    ///   - queues: where its runs wait.
    ///   - metrics: where the model's runs are counted; by default nowhere that is shown.
    ///   - requestLog: the tap of its model; by default one that stays closed.
    ///   - name: what runs are called in a profile: the model and its version.
    ///   - tracer: takes profiles of runs; `nil` where there are none.
    ///   - breaker: keeps runs away from a model that keeps failing; `nil` lets them all run.
    public init(
        model: any LoadedModel,
        queues: ModelQueues,
        metrics: ModelMetrics = ServerMetrics().model(""),
        requestLog: RequestLogTap = RequestLogTap(),
        name: String = "",
        tracer: RunTracer? = nil,
        breaker: ModelBreaker? = nil
    ) {
        self.model = model
        self.queues = queues
        self.metrics = metrics
        self.requestLog = requestLog
        self.name = name
        self.tracer = tracer
        self.breaker = breaker
        recovery = model as? any RecoveringModel
        var executors: [String: SignatureExecutor] = [:]
        for (index, signature) in model.signatures.enumerated() {
            executors[signature.name] = SignatureExecutor(index: index, signature: signature)
        }
        self.executors = executors
    }
}

extension ModelServable {
    public var isBusy: Bool { running.load(ordering: .relaxed) > 0 || queues.hasWaiting }

    public var preparedBytes: Int? { model.preparedBytes }

    public var mayBeAway: Bool { recovery != nil }

    public var sharedCopy: SharedCopy? { model.sharedCopy }
}

/// What a run of a model gave.
struct ModelOutputs {
    let tensors: [Tensor]
    let nanoseconds: UInt64
    /// Processor time of the thread that ran it; 0 when it was not measured.
    let threadNanoseconds: UInt64
}

extension ModelServable {
    /// Runs the model on this thread and counts the run: every run, of one request or of a batch, comes through here.
    ///
    /// - Parameters:
    ///   - requests: one for each signature that is run, at least one.
    ///   - elements: of all inputs, by which the time is remembered.
    /// - Returns: what the model gave, and how long it took.
    func run(
        _ requests: [RunRequest],
        elements: Int,
        estimate: RunTimeEstimate
    ) throws(ServingError) -> ModelOutputs {
        // To ask for the thread's own time costs more than very short runs can bear.
        let isShort = requests.count == 1 && Self.shortRuns.contains(estimate.expected(elements: elements))
        let threadStart = isShort ? 0 : MonotonicTime.ofThread().nanoseconds
        let start = MonotonicTime.now()
        running.add(1, ordering: .relaxed)
        defer { running.subtract(1, ordering: .relaxed) }
        let outputs = try judged(requests)
        let nanoseconds = MonotonicTime.now().nanoseconds(since: start)
        let threadNanoseconds = isShort ? 0 : MonotonicTime.ofThread().nanoseconds - threadStart
        metrics.graphRan(nanoseconds: nanoseconds)
        // Run times of several signatures together say nothing about one.
        if requests.count == 1 { estimate.record(elements: elements, nanoseconds: nanoseconds) }
        // An engine that breaks its contract costs this call, not the process.
        var expected = 0
        for request in requests { expected += request.outputs.count }
        guard outputs.count == expected else { throw ServingError(.unknown, "Predict internal error") }
        return ModelOutputs(tensors: outputs, nanoseconds: nanoseconds, threadNanoseconds: threadNanoseconds)
    }

    /// Runs, and tells the breaker how it went.
    private func judged(_ requests: [RunRequest]) throws(ServingError) -> [Tensor] {
        guard let breaker else { return try run(requests) }
        do throws(ServingError) {
            let outputs = try run(requests)
            breaker.succeeded()
            return outputs
        } catch {
            breaker.failed(error)
            throw error
        }
    }

    private static let shortRuns: ClosedRange<UInt64> = 1...20_000

    private func run(_ requests: [RunRequest]) throws(ServingError) -> [Tensor] {
        if let trace = tracer?.beginRun() { return try run(requests, trace) }
        return requests.count == 1 ? try model.run(requests[0]) : try model.runJointly(requests)
    }
}
