import ServingMetrics
import ServingPrimitives
import Telemetry

/// The methods the server knows, by their path on the wire.
enum GRPCMethod: String, Sendable, CaseIterable {
    case predict = "/tensorflow.serving.PredictionService/Predict"
    case classify = "/tensorflow.serving.PredictionService/Classify"
    case regress = "/tensorflow.serving.PredictionService/Regress"
    case multiInference = "/tensorflow.serving.PredictionService/MultiInference"
    case getModelMetadata = "/tensorflow.serving.PredictionService/GetModelMetadata"
    case getModelStatus = "/tensorflow.serving.ModelService/GetModelStatus"
    case handleReloadConfigRequest = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
    case serverLive = "/inference.GRPCInferenceService/ServerLive"
    case serverReady = "/inference.GRPCInferenceService/ServerReady"
    case modelReady = "/inference.GRPCInferenceService/ModelReady"
    case serverMetadata = "/inference.GRPCInferenceService/ServerMetadata"
    case repositoryIndex = "/inference.GRPCInferenceService/RepositoryIndex"
    case repositoryModelLoad = "/inference.GRPCInferenceService/RepositoryModelLoad"
    case repositoryModelUnload = "/inference.GRPCInferenceService/RepositoryModelUnload"
    case getReplicas = "/monolith.serving.agent_service.AgentService/GetReplicas"
    case getResource = "/monolith.serving.agent_service.AgentService/GetResource"
    case heartBeat = "/monolith.serving.agent_service.AgentService/HeartBeat"
    case profile = "/tensorflow.ProfilerService/Profile"
    case terminateProfile = "/tensorflow.ProfilerService/Terminate"
    case monitor = "/tensorflow.ProfilerService/Monitor"
    case startContinuousProfiling = "/tensorflow.ProfilerService/StartContinuousProfiling"
    case stopContinuousProfiling = "/tensorflow.ProfilerService/StopContinuousProfiling"
    case getSnapshot = "/tensorflow.ProfilerService/GetSnapshot"
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

    /// Why calls are not carried out, where the method is known only to be refused by name.
    var refusal: String? {
        switch self {
        // As TensorFlow's service says it.
        case .monitor: "unimplemented."
        case .startContinuousProfiling, .stopContinuousProfiling, .getSnapshot:
            "\(rawValue.dropFirst()) is not implemented by this server; use Profile"
        case .predict, .classify, .regress, .multiInference, .getModelMetadata, .getModelStatus,
            .handleReloadConfigRequest, .healthCheck, .healthWatch, .profile, .terminateProfile, .serverLive,
            .serverReady,
            .modelReady, .serverMetadata, .repositoryIndex, .repositoryModelLoad, .repositoryModelUnload, .getReplicas,
            .getResource, .heartBeat:
            nil
        }
    }

    /// Whether it is for agents, which have a port of their own.
    var isForAgents: Bool { self == .getReplicas || self == .getResource || self == .heartBeat }

    /// What those who tell of calls name it.
    var api: RequestAPI {
        switch self {
        case .predict: .predict
        case .classify: .classify
        case .regress: .regress
        case .multiInference: .multiInference
        case .getModelMetadata: .modelMetadata
        case .getModelStatus: .modelStatus
        case .handleReloadConfigRequest: .reload
        case .profile, .terminateProfile, .monitor, .startContinuousProfiling, .stopContinuousProfiling, .getSnapshot:
            .profile
        case .healthCheck, .healthWatch, .serverLive, .serverReady, .modelReady: .health
        case .serverMetadata, .repositoryIndex, .repositoryModelLoad, .repositoryModelUnload, .getReplicas,
            .getResource, .heartBeat:
            .control
        }
    }

    /// What TensorFlow Serving counts it as; `nil` where it does not.
    var counted: RequestKind? {
        switch self {
        case .predict: .grpc(.predict)
        case .classify: .grpc(.classify)
        case .regress: .grpc(.regress)
        case .multiInference, .getModelMetadata, .getModelStatus, .handleReloadConfigRequest, .profile,
            .terminateProfile,
            .monitor, .startContinuousProfiling, .stopContinuousProfiling, .getSnapshot, .healthCheck, .healthWatch,
            .serverLive,
            .serverReady, .modelReady, .serverMetadata, .repositoryIndex, .repositoryModelLoad, .repositoryModelUnload,
            .getReplicas, .getResource, .heartBeat:
            nil
        }
    }

    /// How a call is refused whose method the server does not have.
    static func notFound(_ path: String) -> ServingError {
        ServingError(.unimplemented, "Method not found! This server has no method \(path)")
    }
}
