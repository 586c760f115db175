import AccessControl

extension RESTRoute {
    /// The right a caller needs, and the model it is about; `nil` for what probes ask, who have no keys, and for what is
    /// refused anyway.
    var access: (verb: AccessVerb, model: String?)? {
        switch self {
        case .predict(let model, _), .classify(let model, _), .regress(let model, _): (.predict, model)
        case .metadata(let model, _): (.metadata, model)
        case .status(let model, _): (.status, model)
        case .scheduler(let model, _): (.debug, model)
        case .recordedRequests: (.debug, nil)
        case .control(.metadata), .control(.status), .control(.index): (.status, nil)
        case .control(.reload): (.control, nil)
        case .control(.load(let model)), .control(.unload(let model)): (.control, model)
        case .options, .live, .ready, .modelReady, .missingModelName, .unusableVersion, .malformed, .unknown: nil
        }
    }
}
