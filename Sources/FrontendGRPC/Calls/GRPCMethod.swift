/// The methods the server knows, by their path on the wire.
enum GRPCMethod: String, Sendable, CaseIterable {
    case predict = "/tensorflow.serving.PredictionService/Predict"
    case classify = "/tensorflow.serving.PredictionService/Classify"
    case regress = "/tensorflow.serving.PredictionService/Regress"
    case multiInference = "/tensorflow.serving.PredictionService/MultiInference"
    case getModelMetadata = "/tensorflow.serving.PredictionService/GetModelMetadata"
    case getModelStatus = "/tensorflow.serving.ModelService/GetModelStatus"
    case handleReloadConfigRequest = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
    case healthCheck = "/grpc.health.v1.Health/Check"
    case healthWatch = "/grpc.health.v1.Health/Watch"

    private static let predictPath = GRPCMethod.predict.rawValue
    private static let byPath = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// The method of a request's `:path`; `nil` for an unknown one.
    init?(path: String) {
        // Nearly every call; comparing is several times cheaper than hashing.
        if path == Self.predictPath {
            self = .predict
            return
        }
        guard let method = Self.byPath[path] else { return nil }
        self = method
    }
}
