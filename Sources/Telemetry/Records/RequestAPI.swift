/// What a request asks for, whichever way it came in.
public enum RequestAPI: String, Sendable, Hashable, CaseIterable {
    case predict = "Predict"
    case classify = "Classify"
    case regress = "Regress"
    case multiInference = "MultiInference"
    case modelMetadata = "GetModelMetadata"
    case modelStatus = "GetModelStatus"
    case reload = "HandleReloadConfigRequest"
    case profile = "Profile"
    /// Everything else that changes or explains the server.
    case control = "Control"
    case health = "Health"
    /// The pages of metrics and of recorded requests.
    case observation = "Observation"
    /// What is no call of this server.
    case unknown = "Unknown"

    /// Whether it comes again and again from those who watch the server, and tells nothing about its work.
    public var isProbe: Bool { self == .health || self == .observation }
}

/// Which front end a request came to.
public enum RequestEntry: String, Sendable, Hashable, CaseIterable {
    case grpc
    case rest
}
