import ArgumentParser
import ModelServing
import ServingConfig

/// More models than memory.
struct ModelCacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Memory that all models together may use, in bytes or as a share like 60% of what the process may use.",
            discussion: """
                Any number of models is known then; those that are used are loaded, and others make room for them. With \
                --device each device has its own budget beside that; devices means that there is no other limit.
                """,
            valueName: "bytes|share|devices"
        )
    )
    var modelMemoryLimit: String?

    @Option(
        help: ArgumentHelp(
            "File that remembers what models cost; auto chooses one, none remembers nothing.",
            valueName: "file"
        )
    )
    var modelCacheState = "auto"

    @Option(help: "Seconds after which a model that nobody asks for is unloaded; 0 never.")
    var modelIdleSeconds = 0.0

    @Option(
        help:
            "Seconds that a model stays after its load, whatever needs its room. Without it, as long as the load took."
    )
    var modelMinResidentSeconds: Double?

    @Flag(inversion: .prefixedNo, help: "Load models that are expected to be asked for, while there is room.")
    var prefetchModels = true

    @Flag(inversion: .prefixedNo, help: "Load versions and models with the same files once, as one copy in memory.")
    var shareWeights = true

    @Flag(
        inversion: .prefixedNo,
        help: "Serve all models of --model-repository where it alone says which there are; else only calls load them."
    )
    var discoverModels = true

    func apply(to configuration: inout ServerConfiguration) {
        configuration.modelCache.limit = modelMemoryLimit
        configuration.modelCache.setStateFile(modelCacheState)
        configuration.modelCache.idleSeconds = modelIdleSeconds
        configuration.modelCache.minimumResidentSeconds = modelMinResidentSeconds
        configuration.modelCache.prefetches = prefetchModels
        configuration.modelCache.sharesWeights = shareWeights
        configuration.modelCache.discoversModels = discoverModels
    }
}
