/// Everything a server process is told at start, as plain values. Reading flags, files and the environment into it is
/// the executables' affair; `problems()` says what is wrong with it before anything is opened.
public struct ServerConfiguration: Sendable, Hashable {
    public var grpc = GRPC()
    public var rest = REST()
    /// Which models are served from the start.
    public var requestedModels = RequestedModels.unset
    public var models: [Model] {
        get { requestedModels.models }
        set { requestedModels = .list(newValue) }
    }
    public var loading = Loading()
    public var engine = Engine()
    public var lifecycle = Lifecycle()
    /// Batching with TensorFlow Serving's parameters; `nil` leaves it to the scheduler.
    public var batching: Batching?
    public var scheduling = Scheduling()
    public var monitoring = Monitoring()
    public var telemetry = Telemetry()
    public var control = Control()
    public var requestLogFiles = RequestLogFiles()
    public var limits = Limits()
    public var breaker = Breaker()
    /// Models whose versions have a process each, whatever their own configuration says; `*` is every model.
    public var isolatedModels: [String] = []
    public var stores = Stores()
    public var embedding = Embedding()
    public var remoteLookups = RemoteLookups()
    public var modelCache = ModelCache()
    public var cluster = Cluster()
    /// Where models go; `nil` leaves them where their graphs say.
    public var placement: Placement?
    /// Groups of models with a share of the processors of their own.
    public var cpuGroups: [CPUGroup] = []
    /// Text file with the API keys and their rights; `nil` asks nobody for a key.
    public var apiKeysFile: String?
    /// Text file with a `ModelServerConfig`, read at start in place of `models`.
    public var modelConfigFile: String?
    /// Seconds between two readings of `modelConfigFile`; 0 or less reads it at start only.
    public var modelConfigPollSeconds = 0
    /// What a user should be told once at start, though the server starts all the same.
    public var warnings: [String] = []

    public init() {}

    /// Where and how gRPC is served.
    public struct GRPC: Sendable, Hashable {
        /// Address to listen on. TensorFlow Serving's is every IPv4 address.
        public var host = "0.0.0.0"
        /// TCP port; 0 lets the system choose one, `nil` opens none.
        public var port: Int? = 8500
        /// TCP ports to listen on as well.
        public var furtherPorts: [Int] = []
        /// Path of a Unix socket to listen on as well.
        public var socketPath: String?
        /// Answers carry `tensor_content` instead of the typed fields.
        public var answersAsTensorContent = false
        /// TLS on the port and on the socket; `nil` serves plain text.
        public var tls: TLS?
        /// `--grpc_channel_arguments`, in the order given: gRPC core's names. A value that reads as an int32 is one.
        public var channelArguments: [ChannelArgument] = []
        /// Serves TensorFlow's `ProfilerService`.
        public var servesProfiler = true

        public init() {}
    }

    /// Where and how REST is served.
    public struct REST: Sendable, Hashable {
        /// Address to listen on; `nil` is every address, IPv6 and IPv4, as TensorFlow Serving does.
        public var host: String?
        /// TCP port; 0 lets the system choose one, `nil` serves no REST.
        public var port: Int?
        /// Longest wait for an answer in milliseconds; 0 or less is no limit.
        public var timeoutMilliseconds = 30_000
        /// Adds the CORS headers to every `/v1/` answer.
        public var enableCORS = false
        /// `nil` serves plain text, as TensorFlow Serving always does.
        public var tls: TLS?

        public init() {}
    }

    /// One model to serve.
    public struct Model: Sendable, Hashable {
        public var name: String
        /// Folder with one numeric sub-folder for each version; absolute, or a `file://` URI.
        public var basePath: String
        /// Which engine serves it.
        public var platform = ModelPlatform.tensorflow
        public var versionPolicy = VersionPolicy.latest(1)
        /// Names that requests may use in place of version numbers.
        public var versionLabels: [String: Int64] = [:]
        /// Its requests are logged as this says; `nil` logs none.
        public var requestLog: RequestLog?
        /// Which process its engine runs in.
        public var isolation = Isolation.none
        /// How it is treated under a memory budget.
        public var residency = Residency()
        /// The TensorFlow cluster that runs it: `grpc://HOST:PORT`, `local` for none; empty leaves it to the server's.
        public var sessionTarget = ""
        /// Where the plan puts it, where models are placed.
        public var placement = Placement()
        /// The group whose share of the processors it runs in; empty is that of all models in no group.
        public var cpuGroup = ""

        /// How long a version's files must have been left alone before they are taken; `nil` is as for all models.
        public var settleMilliseconds: Int64?
        public var checksums = ChecksumChoice.unset

        public init(name: String, basePath: String) {
            self.name = name
            self.basePath = basePath
        }
    }

    /// Finding and loading versions.
    public struct Loading: Sendable, Hashable {
        /// Seconds between looks at the file system; 0 looks once, a negative number never.
        public var pollSeconds = 1
        /// Tries after the first failure of a load.
        public var maximumRetries = 5
        /// Pause between two tries, in microseconds; negative is none.
        public var retryIntervalMicroseconds: Int64 = 60_000_000
        /// Versions loaded at the same time; 0 chooses.
        public var threads = 0
        /// Which graph of a SavedModel is served.
        public var savedModelTags = ["serve"]
        /// Versions unloaded at the same time; 0 chooses.
        public var unloadThreads = 0
        /// How a model gets from old versions to new ones.
        public var versionTransition = VersionTransition.availabilityPreserving
        /// Lets the system drop a model's files from its page cache once they are loaded.
        public var flushesFileSystemCaches = true
        /// A label may name a version that is not available (yet).
        public var allowsLabelsForUnavailableVersions = false
        /// Replays `assets.extra/tf_serving_warmup_requests` before a version becomes available.
        public var warmsUp = true
        /// Runs of each warm-up record.
        public var warmUpIterations = 1
        /// Warm-up records of one version run at the same time.
        public var warmUpThreads = 1
        /// Serves `model.tflite` of a version in place of its SavedModel where there is one.
        public var prefersTFLite = false
        /// Interpreters of each TFLite model; 0 is one for each core.
        public var tflitePools = 0
        /// Above 1, a request of many rows to a TFLite model is run in parts of at most 500 rows / this number.
        public var tfliteInterpretersPerPool = 1
        /// libLiteRt.so, where it is not to be searched for.
        public var liteRTLibraryPath: String?
        /// Classify and Regress insist on the signature's method_name.
        public var checksSignatureMethodName = false

        public init() {}
    }

    /// Settings of the TensorFlow engine. Thread counts of 0 leave the choice to us.
    public struct Engine: Sendable, Hashable {
        /// libtensorflow_cc.so.2, where it is not to be searched for.
        public var libraryPath: String?
        public var sessionParallelism: Int64 = 0
        public var intraOpParallelism: Int64 = 0
        public var interOpParallelism: Int64 = 0
        /// Threads that run models; 0 is one for each core the process may use.
        public var threads = 0
        /// Event loops; 0 chooses by cores.
        public var eventLoops = 0
        /// Shared objects with TensorFlow operations, loaded before the first model.
        public var opLibraries: [String] = []
        /// A serialized `tensorflow.ConfigProto`; the other settings here override parts of it.
        public var sessionConfig: [UInt8] = []
        /// Which of the session configuration's `session_inter_op_thread_pool` loads models; `nil` is the first.
        public var loadThreadPool: Int32?
        /// Share of a GPU's memory that TensorFlow takes; 0 lets it choose.
        public var gpuMemoryFraction: Float = 0
        public var compilesWithXLAOnCPU = false
        public var compilesWithXLAOnGPU = false
        /// `bfloat16` turns on automatic mixed precision; empty is none.
        public var mixedPrecision = ""

        public init() {}
    }

    public struct Lifecycle: Sendable, Hashable {
        /// How long SIGTERM waits for answers in flight, in seconds.
        public var drainGraceSeconds = 30

        public init() {}
    }
}
