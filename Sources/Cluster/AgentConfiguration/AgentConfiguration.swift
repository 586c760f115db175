/// What the configuration file of Monolith's agent says, as plain values. Names of members are the file's keys, where those
/// name a thing of ours, too; `AgentKey` has them all.
public struct AgentConfiguration: Sendable, Hashable {
    /// What a container serves.
    public enum DeployType: String, Sendable, Hashable, CaseIterable {
        case ps, entry, dense
        /// Shards and the entry, and dense parts.
        case mixed
        /// Whatever the layout says: the only one of version 3.
        case unified
    }

    /// `bzid`: the name space in ZooKeeper.
    public var namespace: String?
    /// `base_name`: of the model, in the paths of version 1.
    public var baseName: String?
    /// `base_path`: the folder with a folder for each sub-graph.
    public var basePath: String?
    /// `num_ps`
    public var psCount: Int64 = 1
    /// `num_shard`: containers that share the shards of a model; `nil` leaves it to the environment.
    public var shardCount: Int64?
    /// `deploy_type`, `server_type`; `nil` where none is given.
    public var deployType: DeployType?
    /// `stand_alone_serving`
    public var isStandAlone = false
    /// `zk_servers`: `HOST:PORT,HOST:PORT`.
    public var zooKeeperServers: String?
    /// `agent_version`: 1 or 3.
    public var version: Int64 = 1
    /// `layout_pattern`: a path in ZooKeeper, or a name below `/BZID/layouts`.
    public var layoutPattern: String?
    public var layoutFilters: [ConfigurationText] = []
    /// `replica_id`; `nil` leaves it to the environment.
    public var replicaID: Int64?
    /// `update_model_status_interval`, in seconds.
    public var statusInterval: Int64 = 1
    /// `max_waiting_sec`: how long an entry waits for its shards.
    public var maximumWaitSeconds: Int64 = 1200
    /// `version_policy`; `nil` where none is given.
    public var versionPolicy: ConfigurationText?
    /// `version_data`: how many versions, or which one.
    public var versionData: Int64 = 1
    /// `dc_aware`: paths of version 1 name the data centre and the cluster.
    public var isDataCentreAware = false
    /// `dense_alone`
    public var servesDenseAlone = false
    /// `dense_service_num`
    public var denseServiceCount: Int64 = 3
    /// `file_system_poll_wait_seconds_ps`: for shards under version 1; 0 looks once.
    public var shardPollSeconds: Int64 = 0
    public var preloadsJemalloc = true
    public var usesMetrics = true

    public var lookups = Lookups()
    public var roughSort = RoughSort()
    public var ports = Ports()
    public var server = Server()

    public init() {}

    /// How an entry asks shards: `fetch_ps_*`, `aio_thread_num`.
    public struct Lookups: Sendable, Hashable {
        /// `nil` where none is given. Monolith's 200 ms count for its own transport only, not for gRPC.
        public var timeoutMilliseconds: Int64?
        public var connectionCount: Int64 = 100
        public var keepsConnections = true
        public var retries: Int64 = 2
        public var threads: Int64 = 30

        public init() {}
    }

    /// Models of another kind that are served beside: `rough_sort_*`.
    public struct RoughSort: Sendable, Hashable {
        public enum LoadedServer: String, Sendable, Hashable, CaseIterable {
            case none, entry, ps, dense
        }

        public var modelName: String?
        public var localPath: String?
        public var peerToPeerPath: String?
        public var loadedServer = LoadedServer.entry
        public var isResourceConstrained = false

        public init() {}
    }

    /// `nil` leaves a port to the environment, and else to the system.
    public struct Ports: Sendable, Hashable {
        public var proxy: Int64?
        public var agent: Int64?
        public var archon: Int64?
        public var grpc: Int64?
        public var http: Int64?
        public var entryArchon: Int64?
        public var entryGRPC: Int64?
        public var entryHTTP: Int64?
        public var psArchon: Int64?
        public var psGRPC: Int64?
        public var psHTTP: Int64?
        public var denseArchon: Int64?
        public var denseGRPC: Int64?
        public var denseHTTP: Int64?

        public init() {}
    }

    /// TensorFlow Serving's own flags, by the same names. `nil` where none is given.
    public struct Server: Sendable, Hashable {
        public var enableBatching = false
        public var allowVersionLabelsForUnavailableModels = false
        public var batchingParametersFile: String?
        public var loadThreads: Int64 = 0
        public var unloadThreads: Int64 = 0
        public var maximumLoadRetries: Int64 = 5
        public var loadRetryIntervalMicroseconds: Int64 = 60_000_000
        public var fileSystemPollSeconds: Int64 = 1
        public var flushesFileSystemCaches = true
        public var sessionParallelism: Int64 = 0
        public var intraOpParallelism: Int64 = 0
        public var interOpParallelism: Int64 = 0
        public var sslConfigFile: String?
        public var platformConfigFile: String?
        public var gpuMemoryFraction = 0.0
        public var allowsGrowth = true
        public var savedModelTags: String?
        public var grpcChannelArguments: String?
        public var grpcMaximumThreads: Int64 = 0
        public var enableModelWarmup = true
        public var version: String?
        public var removesUnusedFields = true
        public var checksSignatureMethodName = false
        public var compilesWithXLAOnCPU = false
        public var enableProfiler = true

        public init() {}
    }
}
