public import ArgumentParser
public import ServingConfig

/// What the server tells of its requests: docs/observability.md.
struct TelemetryOptions: ParsableArguments {
    @Option(help: "How the server's own log is written: text or json.")
    var logFormat = ServerConfiguration.Telemetry.LogFormat.text

    @Option(
        help: ArgumentHelp(
            "File for a line of JSON for each request; - is standard output. SIGHUP opens it anew.",
            valueName: "path"
        )
    )
    var accessLog: String?

    @Option(
        help: ArgumentHelp(
            "OpenTelemetry collector that takes spans by OTLP over HTTP, like http://localhost:4318.",
            valueName: "url"
        )
    )
    var otlpEndpoint: String?

    @Option(help: "Share of the requests that are traced, from 0 to 1, where their caller does not decide.")
    var traceSampling: Float = 0.01

    @Option(help: "Requests kept for GET /v1/debug/requests; 0 keeps none.")
    var flightRecorderSize = 1024

    @Option(help: "Milliseconds from which on a request may be kept as slow; 0 keeps the slowest of each ten seconds.")
    var slowRequestMs = 0

    @Flag(inversion: .prefixedNo, help: "Count requests by version, signature, API and status as well.")
    var requestMetrics = true

    func apply(to configuration: inout ServerConfiguration) {
        configuration.telemetry.logFormat = logFormat
        configuration.telemetry.accessLog = accessLog
        configuration.telemetry.traceEndpoint = otlpEndpoint
        configuration.telemetry.traceSampling = traceSampling
        configuration.telemetry.flightRecorderSize = flightRecorderSize
        configuration.telemetry.slowRequestMilliseconds = slowRequestMs
        configuration.telemetry.countsRequests = requestMetrics
    }
}

extension ServerConfiguration.Telemetry.LogFormat: ExpressibleByArgument {}
