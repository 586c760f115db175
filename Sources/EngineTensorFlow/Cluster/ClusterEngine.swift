public import EngineInterface
public import ServingPrimitives

/// Loads SavedModels into a TensorFlow cluster: the workers read the model's files, so these must have the same path there.
public struct ClusterEngine: InferenceEngine {
    /// Takes why a loaded model does not answer, or `nil` when it does again.
    public typealias Observer = @Sendable (ServingError?) -> Void

    public let name = "tensorflow"
    private let engine: TensorFlowEngine
    private let target: ClusterTarget
    private let model: String
    private let observer: Observer

    /// - Parameters:
    ///   - engine: whose library and options are used.
    ///   - model: what error texts call it: a model and its version.
    public init(_ engine: TensorFlowEngine, target: ClusterTarget, model: String, observer: @escaping Observer) {
        self.engine = engine
        self.target = target
        self.model = model
        self.observer = observer
    }

    /// - Throws: `UNAVAILABLE` when nobody answers at the target; else as `TensorFlowEngine.load`.
    public func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        let (engine, target) = (engine, target)
        let link = ClusterModel.Link(
            model: model,
            target: target.url,
            isReachable: { target.isReachable(withinMilliseconds: 1000) },
            open: { () throws(ServingError) in try engine.loadModel(request, on: target) },
            observer: observer
        )
        return try ClusterModel(link)
    }
}
