import ArgumentParser
import ServingConfig

/// Running models on a TensorFlow cluster.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A TensorFlow cluster that runs the models: one of its workers, as grpc://HOST:PORT.",
            discussion: "The graph's devices say what runs on which worker. Model files must have the same path there.",
            valueName: "target"
        )
    )
    var sessionTarget = ""

    @Option(help: "Milliseconds that a step of loading there, or a run without a deadline, may take.")
    var sessionTargetTimeout = 60_000

    func apply(to configuration: inout ServerConfiguration) {
        configuration.cluster.sessionTarget = sessionTarget
        configuration.cluster.timeoutMilliseconds = sessionTargetTimeout
    }
}
