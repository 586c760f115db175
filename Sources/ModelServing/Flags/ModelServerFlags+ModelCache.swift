public import ServingConfig

extension ModelServerFlags {
    func applyModelCache(to configuration: inout ServerConfiguration) {
        configuration.modelCache.limit = modelMemoryLimit.isEmpty ? nil : modelMemoryLimit
        configuration.modelCache.setStateFile(modelCacheState)
        configuration.modelCache.idleSeconds = Double(modelIdleSeconds)
        configuration.modelCache.minimumResidentSeconds =
            modelMinimumResidentSeconds < 0 ? nil : Double(modelMinimumResidentSeconds)
        configuration.modelCache.prefetches = modelPrefetch
        configuration.modelCache.sharesWeights = sharesWeights
        configuration.modelCache.discoversModels = discoversModels
    }
}

extension ServerConfiguration.ModelCache {
    /// - Parameter path: `auto` chooses one, `none` remembers nothing.
    public mutating func setStateFile(_ path: String) {
        stateFile = path == "auto" ? nil : path == "none" || path.isEmpty ? "" : AbsolutePath.of(path)
    }
}
