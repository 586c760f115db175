public import EngineInterface
public import Servables

/// A loaded model as the servable manager keeps it, with what the request path looks up for every call.
public final class ModelServable: Servable {
    public let model: any LoadedModel
    let executors: [String: SignatureExecutor]

    public init(model: any LoadedModel) {
        self.model = model
        var executors: [String: SignatureExecutor] = [:]
        for (index, signature) in model.signatures.enumerated() {
            executors[signature.name] = SignatureExecutor(index: index, signature: signature)
        }
        self.executors = executors
    }
}
