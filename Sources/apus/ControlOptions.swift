import ArgumentParser
import ModelServing
import ServingConfig

/// Changing what is served while the server runs.
struct ControlOptions: ParsableArguments {
    @Flag(help: "Let calls load and unload models, one at a time (Triton's repository extension, /v1/config/reload).")
    var enableControl = false

    @Option(
        help: ArgumentHelp(
            "Folder whose sub-folders are models: alone all of them are served, else calls may load them by name.",
            discussion: "With it calls may name no path outside of it.",
            valueName: "folder"
        )
    )
    var modelRepository: String?

    @Flag(help: "Write what calls change into the file of --config.")
    var writeConfigBack = false

    @Option(
        help: ArgumentHelp(
            "TCP port for operators, gRPC and REST; 0 lets the system choose.",
            discussion: "Control, metrics and debug are answered there and no longer on the other ports.",
            valueName: "port"
        )
    )
    var controlPort: Int?

    @Option(help: "Address of the control port.")
    var controlHost = "127.0.0.1"

    @Option(
        help: ArgumentHelp(
            "Text file with API keys and what each may do; read again when it changes, and at SIGHUP.",
            valueName: "file"
        )
    )
    var apiKeys: String?

    @Option(help: "Open connections of all ports but the control port; 0 chooses by the limit on open files.")
    var maxConnections = 0

    @Option(help: "Bytes of larger requests that are received or answered at once; 0 chooses by the memory.")
    var maxBytesInFlight = 0

    @Option(help: "Largest body of a REST request, in bytes.")
    var maxRestBody = 1 << 30

    @Option(help: "A version whose engine fails so often in a row is left alone for a while; 0 never.")
    var breakerFailures = 0

    @Option(help: "The same for a share of the runs of ten seconds, 0 to 1.")
    var breakerFailureShare = 0.0

    @Option(help: "Milliseconds that such a version is left alone before a call is tried.")
    var breakerRest = 5000

    func apply(to configuration: inout ServerConfiguration) {
        configuration.control.isEnabled = enableControl
        configuration.control.modelRepository = modelRepository.map { AbsolutePath.of($0).withoutSlashAtEnd }
        configuration.control.writesConfigurationBack = writeConfigBack
        configuration.control.port = controlPort
        configuration.control.host = controlHost
        configuration.apiKeysFile = apiKeys
        configuration.limits.connections = maxConnections
        configuration.limits.bytesInFlight = maxBytesInFlight
        configuration.limits.restBodyBytes = maxRestBody
        configuration.breaker.consecutiveFailures = breakerFailures
        configuration.breaker.failureShare = breakerFailureShare
        configuration.breaker.restMilliseconds = breakerRest
    }
}
