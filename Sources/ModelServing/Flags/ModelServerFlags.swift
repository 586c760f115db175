public import ServingConfig
public import ServingPrimitives

/// The command line of `tensorflow_model_server`, parsed as TensorFlow Serving's binary parses its own: names,
/// defaults, and what happens to arguments it does not know.
public struct ModelServerFlags: Sendable, Equatable {
    var port: Int32 = 8500
    var grpcSocketPath = ""
    var restPort: Int32 = 0
    var restThreads: Int32 = 0
    var restTimeout: Int32 = 30_000
    var restCORS = false
    var modelName = "default"
    var modelBasePath = ""
    var loadThreads: Int32 = 0
    var loadRetries: Int32 = 5
    var loadRetryInterval: Int64 = 60_000_000
    var pollSeconds: Int32 = 1
    var sessionParallelism: Int64 = 0
    var intraOpParallelism: Int64 = 0
    var interOpParallelism: Int64 = 0
    var savedModelTags = "serve"
    var tensorContent = false
    var enablesBatching = false
    var batchingParametersFile = ""
    var perModelBatchingParameters = false
    var labelsForUnavailableModels = false
    var modelConfigFile = ""
    var modelConfigPollSeconds: Int32 = 0
    var unloadThreads: Int32 = 0
    var flushFileSystemCaches = true
    var sessionConfigFile = ""
    var gpuMemoryFraction: Float = 0
    var platformConfigFile = ""
    var altsCredentials = false
    var sslConfigFile = ""
    var grpcChannelArguments = ""
    var grpcMaxThreads: Int32 = 0
    var modelWarmUp = true
    var warmUpIterations: Int32 = 0
    var monitoringConfigFile = ""
    var removeUnusedFields = true
    var preferTFLite = false
    var tflitePools: Int32 = 0
    var tfliteInterpretersPerPool: Int32 = 1
    var methodNameCheck = false
    var xlaOnCPU = false
    var xlaOnGPU = false
    var profiler = true
    var threadPoolFactoryConfigFile = ""
    var mixedPrecision = ""
    var skipInitializeTPU = false
    var grpcHealthCheck = false
    var version = false

    init() {}

    /// What a command line asks for.
    public enum Outcome: Sendable, Equatable {
        /// Start the server, after printing `notice` (the text about unknown arguments) on stdout when there is one.
        case serve(ModelServerFlags, notice: String?)
        case printVersion
        /// Print `usage` on stdout and `error`, when there is one, on stderr; leave with status 255.
        case printUsage(usage: String, error: String?)
    }

    /// - Parameter arguments: the process's arguments, the program's name first.
    public static func parse(_ arguments: [String]) -> Outcome {
        var flags = ModelServerFlags()
        var unknown: [String] = []
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            if argument == "--" {
                unknown += rest
                break
            }
            switch flags.take(argument) {
            case .taken: continue
            case .other: unknown.append(argument)
            case .malformed(let message): return .printUsage(usage: usage(arguments.first), error: message)
            }
        }
        if flags.version { return .printVersion }
        guard let first = unknown.first else { return .serve(flags, notice: nil) }
        if first == "--help" { return .printUsage(usage: usage(arguments.first), error: nil) }
        return .serve(flags, notice: "unknown argument: \(first)\n\(usage(arguments.first))")
    }

    private mutating func take(_ argument: String) -> Flag<ModelServerFlags>.Match {
        for flag in Self.table() {
            let match = flag.match(argument, &self)
            if match != .other { return match }
        }
        return .other
    }

    static func usage(_ program: String?) -> String {
        let defaults = ModelServerFlags()
        let name = program?.split(separator: "/").last.map(String.init) ?? "tensorflow_model_server"
        return table().reduce("usage: \(name)\nFlags:\n") { $0 + $1.usage(default: defaults) }
    }

    /// The configuration these flags mean.
    ///
    /// - Throws: `INVALID_ARGUMENT`, as the stock server, when no model is named.
    public func configuration() throws(ServingError) -> ServerConfiguration {
        guard !modelBasePath.isEmpty else {
            throw .invalidArgument(
                "Both server_options.model_base_path and server_options.model_config_file are empty!"
            )
        }
        var configuration = ServerConfiguration()
        configuration.grpc.port = port == 0 ? nil : Int(port)
        configuration.grpc.socketPath = grpcSocketPath.isEmpty ? nil : grpcSocketPath
        configuration.grpc.answersAsTensorContent = tensorContent
        configuration.rest.port = restPort == 0 || restPort == port ? nil : Int(restPort)
        configuration.rest.timeoutMilliseconds = Int(restTimeout)
        configuration.rest.enableCORS = restCORS
        configuration.models = [.init(name: modelName, basePath: modelBasePath)]
        configuration.loading.pollSeconds = Int(pollSeconds)
        configuration.loading.maximumRetries = Int(loadRetries)
        configuration.loading.retryIntervalMicroseconds = loadRetryInterval
        configuration.loading.threads = Int(loadThreads)
        configuration.loading.savedModelTags = savedModelTags.split(
            separator: ",",
            omittingEmptySubsequences: false
        ).map(String.init)
        configuration.engine.sessionParallelism = sessionParallelism
        configuration.engine.intraOpParallelism = intraOpParallelism
        configuration.engine.interOpParallelism = interOpParallelism
        configuration.engine.gpuMemoryFraction = gpuMemoryFraction
        configuration.engine.compilesWithXLAOnCPU = xlaOnCPU
        configuration.engine.compilesWithXLAOnGPU = xlaOnGPU
        configuration.engine.mixedPrecision = mixedPrecision
        configuration.modelConfigFile = modelConfigFile.isEmpty ? nil : modelConfigFile
        configuration.modelConfigPollSeconds = Int(modelConfigPollSeconds)
        configuration.loading.unloadThreads = Int(unloadThreads)
        configuration.loading.flushesFileSystemCaches = flushFileSystemCaches
        configuration.loading.allowsLabelsForUnavailableVersions = labelsForUnavailableModels
        configuration.loading.warmsUp = modelWarmUp
        configuration.loading.warmUpIterations = max(Int(warmUpIterations), 1)
        configuration.loading.prefersTFLite = preferTFLite
        configuration.loading.tflitePools = Int(tflitePools)
        configuration.loading.tfliteInterpretersPerPool = Int(tfliteInterpretersPerPool)
        configuration.loading.checksSignatureMethodName = methodNameCheck
        configuration.grpc.servesProfiler = profiler
        return configuration
    }

    /// Things worth a line in the log, though the server starts all the same.
    public var warnings: [String] {
        var warnings: [String] = []
        if restPort != 0, restPort == port {
            warnings.append(
                "--rest_api_port cannot be same as --port. Please use a different port for HTTP/REST API. "
                    + "Skipped exporting HTTP/REST API."
            )
        }
        if restThreads != 0 {
            warnings.append("--rest_api_num_threads is accepted and not used: REST runs on the event loops")
        }
        return warnings
    }
}
