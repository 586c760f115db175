import ArgumentParser
import ModelServing
import ServingConfig

/// Changing what is served while the server runs.
struct ControlOptions: ParsableArguments {
    @Flag(help: "Let calls load and unload models, one at a time (Triton's repository extension, /v1/config/reload).")
    var enableControl = false

    @Option(
        help: ArgumentHelp(
            "Folder whose sub-folders are models that calls may load by name; with it they may name no path outside.",
            valueName: "folder"
        )
    )
    var modelRepository: String?

    @Flag(help: "Write what calls change into the file of --config.")
    var writeConfigBack = false

    func apply(to configuration: inout ServerConfiguration) {
        configuration.control.isEnabled = enableControl
        configuration.control.modelRepository = modelRepository.map { AbsolutePath.of($0).withoutSlashAtEnd }
        configuration.control.writesConfigurationBack = writeConfigBack
    }
}
