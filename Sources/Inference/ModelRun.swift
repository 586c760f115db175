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

    /// Runs the model on this thread.
    ///
    /// - Returns: one tensor for each of `request.outputs`, in that order, then those of `others`.
    func execute() throws(ServingError) -> ModelOutputs {
        let result = try model.servable.run([request] + others, elements: elements, estimate: executor.estimate)
        if let api { model.servable.metrics.ran(api, nanoseconds: result.nanoseconds) }
        return result
    }

    /// Runs the model of a version that nobody can call yet, on this thread, and tells its queues what it took.
    func warmUp() throws(ServingError) -> [Tensor] {
        let outputs = try execute()
        model.servable.queues.learn(self, nanoseconds: outputs.nanoseconds)
        return outputs.tensors
    }

    /// For people: which signatures, and which outputs if not all.
    var name: String {
        let signatures = model.servable.model.signatures
        return requests.map { request in
            let signature = signatures[request.signature]
            guard request.outputs.count < signature.outputs.count else { return signature.name }
            return "\(signature.name)(\(request.outputs.map { signature.outputs[$0].name }.joined(separator: ",")))"
        }.joined(separator: "+")
    }

    /// Whether it is a run of one signature for all of its outputs.
    var asksForAll: Bool { !isJoint && request.outputs == executor.allOutputs }

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
