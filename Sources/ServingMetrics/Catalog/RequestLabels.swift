/// The inference calls whose requests and runs are measured. MultiInference is not among them, as in TensorFlow Serving.
public enum InferenceAPI: Int, Sendable, Hashable, CaseIterable {
    case predict
    case classify
    case regress

    /// As TensorFlow Serving labels calls that come by gRPC, and runs of models.
    var name: String {
        switch self {
        case .predict: "Predict"
        case .classify: "Classify"
        case .regress: "Regress"
        }
    }

    /// As a REST path spells it, which is how TensorFlow Serving labels REST calls.
    var restName: String {
        switch self {
        case .predict: "predict"
        case .classify: "classify"
        case .regress: "regress"
        }
    }
}

/// Where a request came in and what it asked for: the labels of its latency.
public enum RequestKind: Sendable, Hashable {
    case grpc(InferenceAPI)
    /// Any call under `/v1/`; `nil` for those that run no model.
    case rest(InferenceAPI?)

    static let allCases =
        InferenceAPI.allCases.map { RequestKind.grpc($0) } + InferenceAPI.allCases.map { .rest($0) } + [.rest(nil)]

    /// Position in `allCases`.
    var index: Int {
        switch self {
        case .grpc(let api): api.rawValue
        case .rest(let api?): 3 + api.rawValue
        case .rest(nil): 6
        }
    }

    var apiLabel: String {
        switch self {
        case .grpc(let api): api.name
        case .rest(let api): api?.restName ?? ""
        }
    }

    var entrypointLabel: String {
        switch self {
        case .grpc: "GRPC"
        case .rest: "REST"
        }
    }
}
