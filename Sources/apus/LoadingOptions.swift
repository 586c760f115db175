import ArgumentParser
import ServingConfig

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

    func apply(to configuration: inout ServerConfiguration) {
        configuration.loading.warmsUp = warmUp
        configuration.loading.warmUpIterations = warmUpIterations
        configuration.loading.warmUpThreads = warmUpThreads
    }
}
