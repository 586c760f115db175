import AccessControl

/// The right that a request asks for.
struct RequestedRight: Hashable {
    enum Scope: Hashable {
        case model(String)
        /// Of all models those that the caller may hear of.
        case visibleModels
        /// The server as a whole.
        case allModels
    }

    var verb: AccessVerb
    var scope: Scope

    init(_ verb: AccessVerb, _ scope: Scope) {
        self.verb = verb
        self.scope = scope
    }

    /// The model that the request names.
    var model: String? {
        switch scope {
        case .model(let name): name
        case .visibleModels, .allModels: nil
        }
    }
}

extension RESTRoute {
    /// The right a caller needs; `nil` for what probes ask, who have no keys, and for what is refused anyway.
    var right: RequestedRight? {
        switch self {
        case .predict(let model, _), .classify(let model, _), .regress(let model, _):
            RequestedRight(.predict, .model(model))
        case .metadata(let model, _): RequestedRight(.metadata, .model(model))
        case .status(let model, _): RequestedRight(.status, .model(model))
        case .scheduler(let model, _): RequestedRight(.debug, .model(model))
        case .cache, .routes, .cluster, .recordedRequests: RequestedRight(.debug, .visibleModels)
        case .control(.metadata), .control(.status), .control(.index): RequestedRight(.status, .visibleModels)
        case .control(.reload), .control(.plan), .control(.apply): RequestedRight(.control, .allModels)
        case .control(.load(let model)), .control(.unload(let model)), .control(.residency(_, let model)):
            RequestedRight(.control, .model(model))
        case .options, .live, .ready, .modelReady, .missingModelName, .unusableVersion, .malformed, .unknown: nil
        }
    }
}

extension ConsolePath {
    /// The right a caller needs: all of the console shows what the server does, and to whom.
    var right: RequestedRight {
        switch self {
        case .scheduler(let model), .samples(_, .some(let model)): RequestedRight(.debug, .model(model))
        case .page, .file, .states, .about, .samples(_, nil), .unusable: RequestedRight(.debug, .visibleModels)
        }
    }
}
