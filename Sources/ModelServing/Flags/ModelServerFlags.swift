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

    /// A function, not a stored table: key paths are not Sendable, and the table is read once.
    private static func table() -> [Flag<ModelServerFlags>] {
        [
            Flag("port", .int32(\.port), "TCP port for gRPC. 0 opens none; then --grpc_socket_path is needed."),
            Flag("grpc_socket_path", .string(\.grpcSocketPath), "Unix socket to listen on for gRPC as well."),
            Flag("rest_api_port", .int32(\.restPort), "TCP port for HTTP/REST. 0 serves no REST."),
            Flag(
                "rest_api_num_threads",
                .int32(\.restThreads),
                "Accepted and not used: REST runs on the event loops of gRPC, not on a thread for each call."
            ),
            Flag(
                "rest_api_timeout_in_ms",
                .int32(\.restTimeout),
                "Longest wait of a REST call; 0 or less is no limit."
            ),
            Flag("rest_api_enable_cors_support", .bool(\.restCORS), "Add the CORS headers to REST answers."),
            Flag("model_name", .string(\.modelName), "Name of the model to serve."),
            Flag(
                "model_base_path",
                .string(\.modelBasePath),
                "Absolute path of the model: a folder with one numeric sub-folder for each version."
            ),
            Flag("num_load_threads", .int32(\.loadThreads), "Versions loaded at the same time; 0 chooses."),
            Flag("max_num_load_retries", .int32(\.loadRetries), "Tries after the first failure of a load."),
            Flag(
                "load_retry_interval_micros",
                .int64(\.loadRetryInterval),
                "Pause between two tries of a load, in microseconds; negative is none."
            ),
            Flag(
                "file_system_poll_wait_seconds",
                .int32(\.pollSeconds),
                "Seconds between looks for versions; 0 looks once, a negative number never."
            ),
            Flag(
                "tensorflow_session_parallelism",
                .int64(\.sessionParallelism),
                "Threads of TensorFlow's intra-op and inter-op pools; 0 chooses."
            ),
            Flag(
                "tensorflow_intra_op_parallelism",
                .int64(\.intraOpParallelism),
                "Threads inside one op; 0 chooses. Replaces --tensorflow_session_parallelism."
            ),
            Flag(
                "tensorflow_inter_op_parallelism",
                .int64(\.interOpParallelism),
                "Ops run at once; 0 chooses. Replaces --tensorflow_session_parallelism."
            ),
            Flag("saved_model_tags", .string(\.savedModelTags), "Comma-separated tags of the graph to load."),
            Flag(
                "enable_serialization_as_tensor_content",
                .bool(\.tensorContent),
                "Write Predict answers as tensor_content instead of typed fields."
            ),
            Flag("version", .bool(\.version), "Print the versions and leave."),
        ]
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
