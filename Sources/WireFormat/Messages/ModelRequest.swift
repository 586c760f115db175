public import Inference
public import Servables
public import ServingPrimitives
public import ServingProtos
import SwiftProtobuf

/// A request message that names its model in a `model_spec` field.
public protocol ModelRequest {
    var hasModelSpec: Bool { get }
    var modelSpec: Tensorflow_Serving_ModelSpec { get }
}

extension Tensorflow_Serving_PredictRequest: ModelRequest {}
extension Tensorflow_Serving_ClassificationRequest: ModelRequest {}
extension Tensorflow_Serving_RegressionRequest: ModelRequest {}
extension Tensorflow_Serving_GetModelMetadataRequest: ModelRequest {}
extension Tensorflow_Serving_GetModelStatusRequest: ModelRequest {}

extension ModelRequest {
    /// Which model the request names. Whether the name is empty or known is for `InferenceService` to say.
    ///
    /// - Throws: `INVALID_ARGUMENT` `Missing ModelSpec`.
    public func modelSelector() throws(ServingError) -> ModelSelector {
        guard hasModelSpec else { throw .invalidArgument("Missing ModelSpec") }
        return ModelSelector(modelSpec)
    }
}

extension ModelSelector {
    public init(_ spec: Tensorflow_Serving_ModelSpec) {
        let version: VersionChoice =
            switch spec.versionChoice {
            case .version(let wrapper): .specific(wrapper.value)
            case .versionLabel(let label): .label(label)
            case nil: .latest
            }
        self.init(name: spec.name, version: version, signatureName: spec.signatureName)
    }
}

extension Tensorflow_Serving_ModelSpec {
    /// The version that answered, as answers state it. Left empty, the signature is not stated (GetModelMetadata).
    public init(_ servable: ServableID, signatureName: String = "") {
        self.init()
        self.name = servable.name
        self.version = .with { $0.value = servable.version }
        self.signatureName = signatureName
    }
}
