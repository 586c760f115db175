import ArgumentParser
import ServingConfig

/// Changing what is served while the server runs.
struct ControlOptions: ParsableArguments {
    @Flag(help: "Let calls load and unload models, one at a time (Triton's repository extension, /v1/config/reload).")
    var enableControl = false

    func apply(to configuration: inout ServerConfiguration) {
        configuration.control.isEnabled = enableControl
    }
}
