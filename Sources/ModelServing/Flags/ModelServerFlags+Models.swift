import ServingConfig
import ServingPrimitives

extension ModelServerFlags {
    /// Which models are served: those of the file, or else the single one.
    ///
    /// - Throws: as `ModelConfigurationFile.read`.
    func applyModels(to configuration: inout ServerConfiguration) throws(ServingError) {
        guard modelConfigFile.isEmpty else {
            configuration.modelConfigFile = modelConfigFile
            configuration.modelConfigPollSeconds = Int(modelConfigPollSeconds)
            configuration.requestedModels = try ModelConfigurationFile(path: modelConfigFile).read()
            return
        }
        // Only calls name models then.
        if modelBasePath.isEmpty, !modelRepository.isEmpty {
            configuration.models = []
            return
        }
        configuration.models = [.init(name: modelName, basePath: modelBasePath)]
    }
}
