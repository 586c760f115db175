public import ArgumentParser
public import Logging
import ModelServing
import ServingConfig
import ServingPrimitives

/// `apus serve`: runs the server until SIGTERM or Ctrl-C.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve models until SIGTERM or Ctrl-C.",
        usage: """
            apus serve --model NAME=PATH [--model NAME=PATH ...] [options]
            apus serve --config FILE [options]
            apus serve --model-repository DIR [options]
            """,
        discussion: """
            PATH is a folder with one numeric sub-folder for each version, as a training job exports SavedModels: \
            PATH/1/saved_model.pb. The largest complete version is served; a newer one takes over when it appears, and \
            the older one is unloaded after its last answer.

            EXAMPLES
              One model, gRPC on 8500 and REST on 8501:
                apus serve --model half_plus_two=models/half_plus_two --rest-port 8501

              Ask it:
                curl -d '{"instances": [1.0, 2.0, 5.0]}' localhost:8501/v1/models/half_plus_two:predict

              The models of a file in TensorFlow Serving's format, looked at again every 10 seconds:
                apus serve --config models.config --config-poll-seconds 10

              Only this machine, ports chosen by the system (the log says which):
                apus serve --model m=models/m --host 127.0.0.1 --port 0 --rest-port 0

            Ports open at once; GET /v2/health/ready answers 200 when every model can be asked. SIGTERM stops taking \
            connections, lets answers in flight finish and leaves with status 0; a second one leaves at once.
            """
    )

    @OptionGroup(title: "Models") var models: ModelOptions
    @OptionGroup(title: "Model configuration file") var file: ModelFileOptions
    @OptionGroup(title: "Loading") var loading: LoadingOptions
    @OptionGroup(title: "Stores") var stores: StoreOptions
    @OptionGroup(title: "More models than memory") var modelCache: ModelCacheOptions
    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup(title: "Placement") var placement: PlacementOptions
    @OptionGroup(title: "TFLite") var tflite: TFLiteOptions
    @OptionGroup(title: "Shards of embeddings") var shards: ShardOptions
    @OptionGroup(title: "Shards on other machines") var remote: RemoteOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Requests") var requests: RequestOptions
    @OptionGroup(title: "Scheduling") var scheduling: SchedulingOptions
    @OptionGroup(title: "Batching") var batching: BatchingOptions
    @OptionGroup(title: "TLS") var tls: TLSOptions
    @OptionGroup(title: "Channel") var channel: ChannelOptions
    @OptionGroup(title: "Control, access and limits") var control: ControlOptions
    @OptionGroup(title: "Request logs") var requestLogs: RequestLogOptions
    @OptionGroup(title: "Metrics and profiles") var metrics: MetricsOptions
    @OptionGroup(title: "Telemetry") var telemetry: TelemetryOptions
    @OptionGroup(title: "Engine") var engine: EngineOptions
    @OptionGroup(title: "Process") var process: ProcessOptions

    func validate() throws {
        switch (models.models.isEmpty, file.config) {
        case (true, nil) where control.modelRepository != nil: break
        case (true, nil):
            throw ValidationError(
                "No model is named. Name them with --model NAME=PATH or --config FILE, or their folder with --model-repository"
            )
        case (false, .some): throw ValidationError("--model and --config both name the models; give one of them")
        case (true, .some), (false, nil): break
        }
        if let error = ServingError.listing(configuration().problems()) { throw ValidationError(error.message) }
    }

    func run() async throws {
        var configuration = configuration()
        // Here and not in `validate`, which must not write to standard error what `run` would write once more.
        try file.readModels(into: &configuration)
        try engine.readSession(into: &configuration)
        if let error = ServingError.listing(configuration.problems()) { throw error }
        do {
            try await ModelServerProcess.run(configuration, logLevel: process.logLevel)
        } catch {
            // Its reason is in the log.
            ModelServerProcess.leave(1)
        }
        ModelServerProcess.leave(0)
    }

    private func configuration() -> ServerConfiguration {
        var configuration = ServerConfiguration()
        models.apply(to: &configuration)
        file.apply(to: &configuration)
        loading.apply(to: &configuration)
        stores.apply(to: &configuration)
        modelCache.apply(to: &configuration)
        cluster.apply(to: &configuration)
        placement.apply(to: &configuration)
        tflite.apply(to: &configuration)
        shards.apply(to: &configuration)
        remote.apply(to: &configuration)
        network.apply(to: &configuration)
        requests.apply(to: &configuration)
        scheduling.apply(to: &configuration)
        batching.apply(to: &configuration)
        tls.apply(to: &configuration)
        channel.apply(to: &configuration)
        control.apply(to: &configuration)
        metrics.apply(to: &configuration)
        requestLogs.apply(to: &configuration)
        telemetry.apply(to: &configuration)
        engine.apply(to: &configuration)
        configuration.lifecycle.drainGraceSeconds = process.drainGrace
        return configuration
    }
}

/// Which models, and how their versions are found and loaded.
struct ModelOptions: ParsableArguments {
    /// `NAME=PATH`.
    struct NamedPath: ExpressibleByArgument, Sendable {
        var name: String
        var path: String

        init?(argument: String) {
            guard let separator = argument.firstIndex(of: "=") else { return nil }
            name = String(argument[..<separator])
            path = String(argument[argument.index(after: separator)...])
            guard !name.isEmpty, !path.isEmpty else { return nil }
        }
    }

    @Option(
        name: [.customLong("model"), .customShort("m")],
        help: ArgumentHelp("A model to serve and the folder of its versions; repeat for more.", valueName: "name=path")
    )
    var models: [NamedPath] = []

    @Option(help: "Seconds between looks for new versions; 0 looks once, a negative number never.")
    var pollSeconds = 1

    @Option(help: "Tries after the first failure to load a version.")
    var loadRetries = 5

    @Option(help: "Seconds between two tries.")
    var loadRetrySeconds = 60

    @Option(help: "Comma-separated tags of the graph to load from a SavedModel.")
    var tags = "serve"

    func validate() throws {
        if !(0...1_000_000).contains(loadRetrySeconds) {
            throw ValidationError("--load-retry-seconds is \(loadRetrySeconds); expected a number from 0 to 1000000")
        }
    }

    func apply(to configuration: inout ServerConfiguration) {
        configuration.models = models.map { .init(name: $0.name, basePath: AbsolutePath.of($0.path)) }
        configuration.loading.pollSeconds = pollSeconds
        configuration.loading.maximumRetries = loadRetries
        configuration.loading.retryIntervalMicroseconds = Int64(loadRetrySeconds) * 1_000_000
        configuration.loading.savedModelTags = tags.split(separator: ",", omittingEmptySubsequences: false)
            .map(String.init)
    }
}

struct NetworkOptions: ParsableArguments {
    @Option(help: "Address to listen on, for gRPC and REST.")
    var host: String?

    @Option(name: [.long, .customShort("p")], help: "TCP port for gRPC; 0 lets the system choose.")
    var port = 8500

    @Option(help: "TCP port for REST; 0 lets the system choose. Without it no REST is served.")
    var restPort: Int?

    @Option(help: "Unix socket to listen on for gRPC as well.")
    var socket: String?

    @Option(help: "Longest wait of a REST call in milliseconds; 0 is no limit.")
    var restTimeout = 30_000

    @Flag(help: "Add the CORS headers to REST answers.")
    var cors = false

    @Flag(help: "Write Predict answers as tensor_content instead of typed fields: faster, larger clients only.")
    var tensorContent = false

    func apply(to configuration: inout ServerConfiguration) {
        configuration.grpc.host = host ?? configuration.grpc.host
        configuration.grpc.port = port
        configuration.grpc.socketPath = socket
        configuration.grpc.answersAsTensorContent = tensorContent
        configuration.rest.host = host
        configuration.rest.port = restPort
        configuration.rest.timeoutMilliseconds = restTimeout
        configuration.rest.enableCORS = cors
    }
}

struct EngineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "libtensorflow_cc.so.2, where it is not found by itself.",
            discussion: "Searched for in .deps/tensorflow/lib and .venv beside the executable and above it.",
            valueName: "path"
        )
    )
    var tensorflowLibrary: String?

    @Option(help: "Threads that run models; 0 is one for each core.")
    var engineThreads = 0

    @Option(help: "Event loops that serve connections; 0 chooses by cores.")
    var eventLoops = 0

    @Option(help: "Threads inside one op; 0 is one, which gives the most answers for the CPU.")
    var intraOpParallelism: Int64 = 0

    @Option(help: "Ops of one run at once; 0 runs a model on one thread.")
    var interOpParallelism: Int64 = 0

    @Option(
        help: ArgumentHelp(
            "Text file with a TensorFlow ConfigProto message; the other options override parts of it.",
            valueName: "file"
        )
    )
    var sessionConfig: String?

    @Option(help: "Share of a GPU's memory to take; 0 lets TensorFlow choose.")
    var gpuMemoryFraction: Float = 0

    @Flag(inversion: .prefixedNo, help: "Compile with XLA the models that ask for it.")
    var xla = true

    @Flag(name: .customLong("bfloat16"), help: "Compute in bfloat16 what may be, on processors that can.")
    var bfloat16 = false

    func readSession(into configuration: inout ServerConfiguration) throws(ServingError) {
        guard let sessionConfig else { return }
        try configuration.engine.readSession(from: sessionConfig)
        // What is said here as well counts more.
        apply(to: &configuration)
    }

    func apply(to configuration: inout ServerConfiguration) {
        configuration.engine.libraryPath = tensorflowLibrary
        configuration.engine.threads = engineThreads
        configuration.engine.eventLoops = eventLoops
        if intraOpParallelism != 0 { configuration.engine.intraOpParallelism = intraOpParallelism }
        if interOpParallelism != 0 { configuration.engine.interOpParallelism = interOpParallelism }
        configuration.engine.gpuMemoryFraction = gpuMemoryFraction
        configuration.engine.compilesWithXLAOnCPU = xla
        configuration.engine.compilesWithXLAOnGPU = xla
        configuration.engine.mixedPrecision = bfloat16 ? "bfloat16" : ""
    }
}

struct ProcessOptions: ParsableArguments {
    @Option(help: "Seconds that SIGTERM waits for answers in flight.")
    var drainGrace = 30

    @Option(help: "What is logged: trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
