import ArgumentParser
import ModelServing
import ServingConfig
import ServingPrimitives

/// Models from a file.
struct ModelFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Text file with a ModelServerConfig that lists the models, as TensorFlow Serving's --model_config_file.",
            valueName: "file"
        )
    )
    var config: String?

    @Option(help: "Seconds between two readings of that file; 0 reads it at start only.")
    var configPollSeconds = 0

    @Flag(help: "Let a label name a version that is not available, unless the label is moved.")
    var labelsForUnavailableVersions = false

    func apply(to configuration: inout ServerConfiguration) {
        configuration.modelConfigFile = config.map { AbsolutePath.of($0) }
        configuration.modelConfigPollSeconds = configPollSeconds
        configuration.loading.allowsLabelsForUnavailableVersions = labelsForUnavailableVersions
    }

    /// - Throws: what is wrong with the file; all that is wrong with its text is written to standard error before.
    func readModels(into configuration: inout ServerConfiguration) throws(ServingError) {
        guard let path = configuration.modelConfigFile else { return }
        configuration.requestedModels = try ModelConfigurationFile(path: path).read()
    }
}
