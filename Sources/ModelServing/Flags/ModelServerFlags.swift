import NIOCore

/// The command line of `tensorflow_model_server`, parsed as TensorFlow Serving's binary parses its own: names,
/// defaults, and what happens to arguments it does not know.
public struct ModelServerFlags: Sendable, Equatable {
    var port: Int32 = 8500
    var grpcSocketPath = ""
    var restPort: Int32 = 0
    var restThreads: Int32 = 4 * Self.cores
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
    var restSSLConfigFile = ""
    var grpcChannelArguments = ""
    var grpcMaxThreads: Int32 = 4 * Self.cores
    var modelWarmUp = true
    var warmUpIterations: Int32 = 0
    var monitoringConfigFile = ""
    var removeUnusedFields = true
    var preferTFLite = false
    var tflitePools: Int32 = Self.cores
    var tfliteInterpretersPerPool: Int32 = 1
    var methodNameCheck = false
    var xlaOnCPU = false
    var xlaOnGPU = false
    var profiler = true
    var console = true
    var threadPoolFactoryConfigFile = ""
    var mixedPrecision = ""
    var skipInitializeTPU = false
    var grpcHealthCheck = false
    var opLibraries = ""
    var isolatedModels = ""
    var sessionTarget = ""
    var sessionTargetTimeout: Int32 = 60_000
    var adaptiveBatching = true
    var latencyObjectives = ""
    var paddedModels = ""
    var logFormat = "text"
    var accessLog = ""
    var otlpEndpoint = ""
    var traceSampling: Float = 0.01
    var flightRecorderSize: Int32 = 1024
    var slowRequestMilliseconds: Int32 = 0
    var requestMetrics = true
    var enablesControl = false
    var modelRepository = ""
    var writesConfigBack = false
    var modelMemoryLimit = ""
    var modelCacheState = "auto"
    var modelIdleSeconds: Float = 0
    var modelMinimumResidentSeconds: Float = -1
    var modelPrefetch = true
    var sharesWeights = true
    var discoversModels = true
    var placement = ""
    var devices = ""
    var devicesFile = ""
    var cpuGroups = ""
    var requestLogFileMegabytes: Int32 = 64
    var requestLogFileSeconds: Int32 = 3600
    var requestLogFileCount: Int32 = 16
    var requestLogBufferMegabytes: Int32 = 32
    var controlPort: Int32 = -1
    var controlHost = "127.0.0.1"
    var apiKeysFile = ""
    var maxConnections: Int32 = 0
    var maxBytesInFlight: Int64 = 0
    var restMaxBodyBytes: Int64 = 1 << 30
    var breakerFailures: Int32 = 0
    var breakerFailureShare: Float = 0
    var breakerRest: Int32 = 5000
    var modelSettleMilliseconds: Int64 = 2_000
    var modelChecksums = "verify"
    var storeCacheFolder = ""
    var storeCacheBytes: Int64 = 0
    var modelFetchBytes: Int64 = 1 << 40
    var fetchConnections: Int32 = 8
    var storePollSeconds: Int32 = 10
    var embeddingPathPrefixes = ""
    var embeddingCacheFolder = ""
    var embeddingUpdateBytes: Int64 = 1 << 30
    var embeddingJournalBytes: Int64 = 1 << 30
    var embeddingJournalSync = "always"
    var embeddingHugePages = false
    var version = false
    /// Names of the flags that the command line has.
    private(set) var given: Set<String> = []

    init() {}

    private static let cores = Int32(clamping: System.coreCount)

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
        var errors: [String] = []
        var rest = arguments.dropFirst()
        while let argument = rest.first, argument != "--" {
            switch flags.take(argument) {
            case .taken: break
            case .other: unknown.append(argument)
            case .malformed(let message): errors.append(message)
            }
            rest.removeFirst()
        }
        // The two dashes themselves count as unknown, too.
        unknown += rest
        let usage = usage(arguments.first)
        guard errors.isEmpty else { return .printUsage(usage: usage, error: errors.joined(separator: "\n")) }
        if unknown.first == "--help" { return .printUsage(usage: usage, error: nil) }
        if flags.version { return .printVersion }
        return .serve(flags, notice: unknown.first.map { "unknown argument: \($0)\n\(usage)" })
    }

    private mutating func take(_ argument: String) -> Flag<ModelServerFlags>.Match {
        for flag in Self.table() {
            let match = flag.match(argument, &self)
            if match == .taken { given.insert(flag.name) }
            if match != .other { return match }
        }
        return .other
    }

    static func usage(_ program: String?) -> String {
        let defaults = ModelServerFlags()
        return table().reduce("usage: \(program ?? "tensorflow_model_server")\nFlags:\n") {
            $0 + $1.usage(default: defaults)
        }
    }
}
