import ArgumentParser
import ServingConfig

/// What the server tells of itself.
struct MetricsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Path of the metrics page on the REST port, in addition to /metrics.",
            discussion: "TensorFlow Serving's is \(ServerConfiguration.Monitoring.defaultPath).",
            valueName: "path"
        )
    )
    var metricsPath: String?

    @Flag(inversion: .prefixedNo, help: "Serve TensorFlow's ProfilerService: profiles of what runs, for TensorBoard.")
    var profiler = true

    @Flag(inversion: .prefixedNo, help: "Serve a console for browsers at / of the REST port.")
    var console = true

    func apply(to configuration: inout ServerConfiguration) {
        configuration.monitoring.prometheusPath = metricsPath
        configuration.monitoring.console = console
        configuration.grpc.servesProfiler = profiler
    }
}
