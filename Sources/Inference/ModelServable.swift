public import EngineInterface
public import Servables

/// A loaded model as the servable manager keeps it, with what the request path looks up for every call.
public final class ModelServable: Servable {
    public let model: any LoadedModel
    let executors: [String: SignatureExecutor]
    /// Batches the runs of this version; `nil` runs each by itself.
    let batcher: ModelBatcher?

    public init(model: any LoadedModel, batcher: ModelBatcher? = nil) {
        self.model = model
        self.batcher = batcher
        var executors: [String: SignatureExecutor] = [:]
        for (index, signature) in model.signatures.enumerated() {
            executors[signature.name] = SignatureExecutor(index: index, signature: signature)
        }
        self.executors = executors
    }
}
