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

    /// Runs the model on this thread, unless the caller is gone or it is too late.
    ///
    /// - Returns: one tensor for each of `request.outputs`, in that order.
    func execute(_ cancellation: CallCancellation?) -> Result<[Tensor], ServingError> {
        do throws(ServingError) {
            if let cancellation, cancellation.isCancelled {
                throw ServingError(.cancelled, "The caller cancelled the request before it was run")
            }
            let start = MonotonicTime.now()
            guard !request.deadline.hasPassed(at: start) else {
                throw .deadlineExceeded("Timed out waiting for notification")
            }
            let tensors = try model.servable.model.run(request)
            // An engine that breaks its contract costs this call, not the process.
            guard tensors.count == request.outputs.count else {
                throw ServingError(.unknown, "Predict internal error")
            }
            executor.estimate.record(elements: elements, nanoseconds: MonotonicTime.now().nanoseconds(since: start))
            return .success(tensors)
        } catch {
            return .failure(error)
        }
    }

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
