/// What a caller may be allowed to do. Liveness and readiness need no right: probes have no keys.
public enum AccessVerb: String, Sendable, Hashable, CaseIterable {
    /// Run models: Predict, Classify, Regress, MultiInference.
    case predict
    /// See signatures: GetModelMetadata.
    case metadata
    /// See which models and versions there are and how they stand.
    case status
    /// Change what is served.
    case control
    /// Read the metrics page.
    case metrics
    /// Look inside: profiles, the scheduler's explanation, recorded requests.
    case debug
}

/// What one caller may do, and with which models.
public struct AccessGrant: Sendable, Hashable {
    public var verbs: Set<AccessVerb>
    /// Names of models, and beginnings of names with a `*` behind them; `nil` is all models.
    public var models: [String]?

    public init(verbs: Set<AccessVerb>, models: [String]? = nil) {
        self.verbs = verbs
        self.models = models
    }

    /// - Parameter model: `nil` for what is about no single model.
    public func allows(_ verb: AccessVerb, model: String?) -> Bool {
        guard verbs.contains(verb) else { return false }
        guard let model else { return true }
        return reaches(model)
    }

    public var reachesAllModels: Bool { models == nil }

    public func reaches(_ model: String) -> Bool {
        guard let models else { return true }
        return models.contains { pattern in
            pattern.hasSuffix("*") ? model.hasPrefix(pattern.dropLast()) : model == pattern
        }
    }
}
