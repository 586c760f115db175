import EngineInterface
import ServingMetrics
import ServingPrimitives
import Tensors

/// One run of one signature with its inputs in order, and the lease that keeps its model loaded.
struct ModelRun: Sendable {
    let executor: SignatureExecutor
    let model: ResolvedModel
    /// What the time of the run is counted as; `nil` for MultiInference, whose runs TensorFlow Serving does not time.
    let api: InferenceAPI?
    let request: RunRequest
    /// Elements of all inputs, by which run times are told apart.
    let elements: Int
    /// Other signatures to run in the same run (MultiInference); for all other calls there are none.
    let others: [RunRequest]

    init(
        executor: SignatureExecutor,
        model: ResolvedModel,
        api: InferenceAPI?,
        request: RunRequest,
        elements: Int,
        others: [RunRequest] = []
    ) {
        self.executor = executor
        self.model = model
        self.api = api
        self.request = request
        self.elements = elements
        self.others = others
    }

    /// Whether it is more than a run of one signature.
    var isJoint: Bool { !others.isEmpty }

    /// `completion`, and before it the time from now is recorded as that of the run, as `execute` does by itself.
    func timing(
        _ completion: @escaping @Sendable (Result<[Tensor], ServingError>) -> Void
    ) -> @Sendable (Result<[Tensor], ServingError>) -> Void {
        guard let api else { return completion }
        let start = MonotonicTime.now()
        return { [metrics = model.servable.metrics] result in
            if case .success = result {
                metrics.ran(api, nanoseconds: MonotonicTime.now().nanoseconds(since: start))
            }
            completion(result)
        }
    }

    /// Runs the model on this thread, unless the caller is gone or it is too late.
    ///
    /// - Returns: one tensor for each of `request.outputs`, in that order, then those of `others`.
    func execute(_ cancellation: CallCancellation?) -> Result<[Tensor], ServingError> {
        do throws(ServingError) {
            if let cancellation, cancellation.isCancelled {
                throw ServingError(.cancelled, "The caller cancelled the request before it was run")
            }
            let start = MonotonicTime.now()
            guard !request.deadline.hasPassed(at: start) else {
                throw .deadlineExceeded("Timed out waiting for notification")
            }
            if isJoint { return .success(try executeJointly(at: start)) }
            let (tensors, nanoseconds) = try model.servable.run(request, at: start)
            // An engine that breaks its contract costs this call, not the process.
            guard tensors.count == request.outputs.count else { throw Self.wrongOutputCount }
            executor.estimate.record(elements: elements, nanoseconds: nanoseconds)
            if let api { model.servable.metrics.ran(api, nanoseconds: nanoseconds) }
            return .success(tensors)
        } catch {
            return .failure(error)
        }
    }

    /// Run times of several signatures together say nothing about one, so they are not recorded.
    private func executeJointly(at start: MonotonicTime) throws(ServingError) -> [Tensor] {
        let tensors = try model.servable.runJointly([request] + others, at: start).tensors
        let expected = others.reduce(request.outputs.count) { $0 + $1.outputs.count }
        guard tensors.count == expected else { throw Self.wrongOutputCount }
        return tensors
    }

    private static let wrongOutputCount = ServingError(.unknown, "Predict internal error")

    /// The answer to a Predict call from what the run gave.
    func predictResult(_ tensors: [Tensor]) -> PredictResult {
        var outputs: [NamedTensor] = []
        outputs.reserveCapacity(tensors.count)
        for (position, output) in request.outputs.enumerated() {
            outputs.append(NamedTensor(name: executor.signature.outputs[output].name, tensor: tensors[position]))
        }
        return PredictResult(signatureName: executor.signature.name, outputs: outputs, lease: model.lease)
    }
}
