import EngineInterface
import ServingPrimitives
import Tensors

/// One run of one signature with its inputs in order, and the lease that keeps its model loaded.
struct ModelRun: Sendable {
    let executor: SignatureExecutor
    let model: ResolvedModel
    let request: RunRequest
    /// Elements of all inputs, by which run times are told apart.
    let elements: Int
    /// Other signatures to run in the same run (MultiInference); for all other calls there are none.
    let others: [RunRequest]

    init(
        executor: SignatureExecutor,
        model: ResolvedModel,
        request: RunRequest,
        elements: Int,
        others: [RunRequest] = []
    ) {
        self.executor = executor
        self.model = model
        self.request = request
        self.elements = elements
        self.others = others
    }

    /// Whether it is more than a run of one signature.
    var isJoint: Bool { !others.isEmpty }

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
            if isJoint { return .success(try executeJointly()) }
            let tensors = try model.servable.model.run(request)
            // An engine that breaks its contract costs this call, not the process.
            guard tensors.count == request.outputs.count else { throw Self.wrongOutputCount }
            executor.estimate.record(elements: elements, nanoseconds: MonotonicTime.now().nanoseconds(since: start))
            return .success(tensors)
        } catch {
            return .failure(error)
        }
    }

    /// Run times of several signatures together say nothing about one, so they are not recorded.
    private func executeJointly() throws(ServingError) -> [Tensor] {
        let tensors = try model.servable.model.runJointly([request] + others)
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
