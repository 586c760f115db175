import ArgumentParser
import ServingConfig

/// Whether and how TFLite models are served.
struct TFLiteOptions: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Serve the model.tflite of a version in place of its SavedModel.",
            discussion: "A version without such a file is served from its SavedModel."
        )
    )
    var preferTflite = false

    @Option(help: "Runs of one TFLite model at once; 0 is one for each core.")
    var tfliteInterpreters = 0

    @Option(
        help: ArgumentHelp(
            "libLiteRt.so, where it is not found by itself.",
            discussion: "Searched for in .deps/litert/lib beside the executable and above it.",
            valueName: "path"
        )
    )
    var litertLibrary: String?

    func apply(to configuration: inout ServerConfiguration) {
        configuration.loading.prefersTFLite = preferTflite
        configuration.loading.tflitePools = tfliteInterpreters
        configuration.loading.liteRTLibraryPath = litertLibrary
    }
}
