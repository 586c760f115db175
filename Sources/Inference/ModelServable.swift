public import EngineInterface
public import Servables
public import ServingMetrics
import ServingPrimitives
import Tensors

/// A loaded model as the servable manager keeps it, with what the request path looks up for every call.
public final class ModelServable: Servable {
    public let model: any LoadedModel
    let executors: [String: SignatureExecutor]
    /// Batches the runs of this version; `nil` runs each by itself.
    let batcher: ModelBatcher?
    let metrics: ModelMetrics
    /// What runs are called in a profile: `half_plus_two/1`.
    let name: String
    private let tracer: RunTracer?

    /// - Parameters:
    ///   - metrics: where the model's runs are counted; by default nowhere that is shown.
    ///   - name: what runs are called in a profile: the model and its version.
    ///   - tracer: takes profiles of runs; `nil` where there are none.
    public init(
        model: any LoadedModel,
        batcher: ModelBatcher? = nil,
        metrics: ModelMetrics = ServerMetrics().model(""),
        name: String = "",
        tracer: RunTracer? = nil
    ) {
        self.model = model
        self.batcher = batcher
        self.metrics = metrics
        self.name = name
        self.tracer = tracer
        var executors: [String: SignatureExecutor] = [:]
        for (index, signature) in model.signatures.enumerated() {
            executors[signature.name] = SignatureExecutor(index: index, signature: signature)
        }
        self.executors = executors
    }
}

extension ModelServable {
    /// Runs the model on this thread and counts the run: every run, of one request or of a batch, comes through here.
    ///
    /// - Parameter start: now.
    /// - Returns: what the model gave, and how long it took in nanoseconds.
    func run(
        _ request: RunRequest,
        at start: MonotonicTime
    ) throws(ServingError) -> (tensors: [Tensor], nanoseconds: UInt64) {
        let tensors =
            if let trace = tracer?.beginRun() { try run(request, trace) } else { try model.run(request) }
        return (tensors, counted(since: start))
    }

    /// As `run`, for several signatures in one run.
    func runJointly(
        _ requests: [RunRequest],
        at start: MonotonicTime
    ) throws(ServingError) -> (tensors: [Tensor], nanoseconds: UInt64) {
        let tensors =
            if let trace = tracer?.beginRun() {
                try runJointly(requests, trace)
            } else {
                try model.runJointly(requests)
            }
        return (tensors, counted(since: start))
    }

    private func counted(since start: MonotonicTime) -> UInt64 {
        let nanoseconds = MonotonicTime.now().nanoseconds(since: start)
        metrics.graphRan(nanoseconds: nanoseconds)
        return nanoseconds
    }
}
