import AccessControl

extension GRPCMethod {
    /// The right a caller needs; `nil` for what probes ask, who have no keys.
    var verb: AccessVerb? {
        switch self {
        case .predict, .classify, .regress, .multiInference: .predict
        case .getModelMetadata: .metadata
        case .getModelStatus, .serverMetadata, .repositoryIndex, .getReplicas, .getResource, .heartBeat: .status
        case .handleReloadConfigRequest, .repositoryModelLoad, .repositoryModelUnload: .control
        case .profile, .terminateProfile, .monitor, .startContinuousProfiling, .stopContinuousProfiling, .getSnapshot:
            .debug
        case .healthCheck, .healthWatch, .serverLive, .serverReady, .modelReady: nil
        }
    }
}

extension GRPCMethod {
    /// Whether a call is about the server as a whole, so that its caller must reach all models.
    var isAboutAllModels: Bool {
        switch self {
        case .handleReloadConfigRequest, .profile, .terminateProfile, .monitor, .startContinuousProfiling,
            .stopContinuousProfiling, .getSnapshot, .getReplicas, .getResource, .heartBeat:
            true
        case .predict, .classify, .regress, .multiInference, .getModelMetadata, .getModelStatus, .serverMetadata,
            .repositoryIndex, .repositoryModelLoad, .repositoryModelUnload, .healthCheck, .healthWatch, .serverLive,
            .serverReady, .modelReady:
            false
        }
    }
}

extension GRPCRequestHead {
    /// The key that the caller presents.
    var key: [UInt8]? {
        if let authorization, let token = BearerToken.find(in: Array(authorization.utf8)) { return Array(token) }
        return apiKey.map { Array($0.utf8) }
    }
}
