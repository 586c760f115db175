public import ArgumentParser
import ModelServing
public import ServingConfig

/// How versions are loaded, prepared and unloaded.
struct LoadingOptions: ParsableArguments {
    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Make the calls in a version's assets.extra/tf_serving_warmup_requests before it becomes available.",
            discussion: "A version that fails one of them fails to load."
        )
    )
    var warmUp = true

    @Option(help: "Runs of each warm-up record.")
    var warmUpIterations = 1

    @Option(help: "Warm-up records of one version run at the same time.")
    var warmUpThreads = 1

    @Option(help: "Versions loaded at the same time; 0 chooses by cores.")
    var loadThreads = 0

    @Option(help: "Versions unloaded at the same time; 0 chooses by cores.")
    var unloadThreads = 0

    @Option(
        help: ArgumentHelp(
            "How a model gets to its new version.",
            discussion: """
                availability-preserving loads it while the old one serves, which needs memory for both; \
                resource-preserving unloads the old one first, and nothing answers meanwhile.
                """
        )
    )
    var versionTransition = ServerConfiguration.VersionTransition.availabilityPreserving

    @Flag(
        inversion: .prefixedNo,
        help: "Let the system drop a version's files from its page cache once they are loaded."
    )
    var flushFileCaches = true

    @Option(
        name: .customLong("isolate"),
        help: ArgumentHelp(
            "A model whose versions run in a process of their own each; repeat for more, * is every model.",
            discussion: "A crash there takes nothing else down; the process is started again.",
            valueName: "model"
        )
    )
    var isolatedModels: [String] = []

    @Option(
        name: .customLong("op-library"),
        help: ArgumentHelp(
            "A shared object with TensorFlow operations, loaded at start; repeat for more.",
            discussion: "Those of TensorFlow Text are found without.",
            valueName: "path"
        )
    )
    var opLibraries: [String] = []

    func apply(to configuration: inout ServerConfiguration) {
        configuration.loading.warmsUp = warmUp
        configuration.loading.warmUpIterations = warmUpIterations
        configuration.loading.warmUpThreads = warmUpThreads
        configuration.loading.threads = loadThreads
        configuration.loading.unloadThreads = unloadThreads
        configuration.loading.versionTransition = versionTransition
        configuration.loading.flushesFileSystemCaches = flushFileCaches
        configuration.isolatedModels = isolatedModels
        configuration.engine.opLibraries = opLibraries.map(AbsolutePath.of)
    }
}

extension ServerConfiguration.VersionTransition: ExpressibleByArgument {}
