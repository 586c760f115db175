import ServingMetrics

extension RESTRoute {
    /// What a call under `/v1/` is counted under. Where the path is of no known form no model is named.
    var measured: (model: String, api: InferenceAPI?) {
        switch self {
        case .predict(let model, _): (model, .predict)
        case .classify(let model, _): (model, .classify)
        case .regress(let model, _): (model, .regress)
        case .status(let model, _), .metadata(let model, _), .scheduler(let model, _), .modelReady(let model, _):
            (model, nil)
        case .control(.load(let model)), .control(.unload(let model)): (model, nil)
        case .control, .options, .live, .ready, .missingModelName, .unusableVersion, .malformed, .unknown:
            ("", nil)
        }
    }
}
