public import Cluster
import EngineEmbedding
public import ServingConfig
public import ServingPrimitives

/// A server's part in a deployment of Monolith's, as the agent's configuration and the container's environment say.
public struct AgentSettings: Sendable {
    /// What is known of the others from.
    public enum Store: Sendable, Hashable, CustomStringConvertible {
        case none
        case zooKeeper(ZooKeeperSession.Settings)
        /// A file of nodes.
        case file(path: String)

        public var description: String {
            switch self {
            case .none: "none"
            case .zooKeeper(let settings): "ZooKeeper \(settings.servers)"
            case .file(let path): "file \(path)"
            }
        }
    }

    /// `base_path` is where it lies here.
    public private(set) var configuration: AgentConfiguration
    public let environment: AgentEnvironment
    public let context: ShardContext
    public let ports: AgentPorts
    public let store: Store
    /// Where to listen, for all ports.
    public let host: String
    /// Where others find this machine.
    public let advertisedHost: String
    /// What was last known of the deployment is kept here for the next start; `nil` keeps nothing.
    public let stateFile: String?
    /// Patterns of filters take names that only begin with what they say.
    public let matchesBeginnings: Bool
    /// What a person should be told.
    public private(set) var warnings: [String] = []
    let prefixes: [PathPrefix]
    /// What lay in `base_path`; `nil` where models are those of a layout.
    let folder: ExportFolder?
    let scope: ClusterScope?

    /// What a command line adds to the configuration.
    public struct Options: Sendable {
        public var host: String?
        public var advertisedHost: String?
        public var nodesFile: String?
        public var stateFile: String?
        public var matchesBeginnings = false
        /// `NAME:PASSWORD`, for ZooKeeper.
        public var identity: String?
        /// After so long without a word ZooKeeper ends the session.
        public var sessionMilliseconds = 10_000

        public init() {}
    }

    /// Looks at `base_path`, where there is one to look at: blocks.
    ///
    /// - Throws: everything that keeps the deployment from being served, with file and line where it is in the
    ///   configuration.
    public init(
        _ agent: AgentConfiguration,
        _ environment: AgentEnvironment,
        _ options: Options,
        pathPrefixes: [ServerConfiguration.Embedding.PathPrefix]
    ) throws(ServingError) {
        self.environment = environment
        (context, warnings) = try environment.shardContext(agent)
        _ = try LayoutFilters(agent.layoutFilters, context, matchesBeginnings: options.matchesBeginnings)
        ports = AgentPorts(agent, environment)
        matchesBeginnings = options.matchesBeginnings
        host = options.host ?? "0.0.0.0"
        let given = options.advertisedHost ?? environment.hostIP
        advertisedHost = given ?? LocalAddress.reached(listening: host)
        store = try Self.store(agent, options)
        prefixes = pathPrefixes.map { PathPrefix(foreign: $0.foreign, local: $0.local) }
        configuration = agent
        if let path = agent.basePath { configuration.basePath = prefixes.applied(to: AbsolutePath.of(path)) }
        let usesLayout = agent.version == 3 && agent.layoutPattern != nil
        if usesLayout, store == .none {
            throw .invalidArgument(
                "layout_pattern is given without zk_servers; expected the servers that have the layout"
            )
        }
        folder = usesLayout ? nil : try Self.folder(configuration)
        let model = folder?.modelName ?? agent.baseName
        scope = store == .none ? nil : try agent.scope(environment, model: model)
        if let scope { stateFile = options.stateFile ?? Self.usualStateFile(store, scope) } else { stateFile = nil }
        warnings += ignoredKeys
    }

    private static func store(_ agent: AgentConfiguration, _ options: Options) throws(ServingError) -> Store {
        if let file = options.nodesFile { return .file(path: AbsolutePath.of(file)) }
        guard let text = agent.zooKeeperServers else { return .none }
        var settings = ZooKeeperSession.Settings(servers: try ZooKeeperServers(text), identity: options.identity)
        settings.sessionTimeoutMilliseconds = options.sessionMilliseconds
        return .zooKeeper(settings)
    }

    /// Version 1 knows by its configuration what there is.
    static func folder(_ configuration: AgentConfiguration) throws(ServingError) -> ExportFolder {
        let path = configuration.basePath ?? ""
        do throws(ServingError) {
            return try ExportFolder(at: path)
        } catch {
            guard configuration.version == 1, error.code == .notFound else { throw error }
            return ExportFolder(subGraphs: [])
        }
    }

    /// Containers of one machine may share it: they know the same.
    private static func usualStateFile(_ store: Store, _ scope: ClusterScope) -> String? {
        guard case .zooKeeper = store, let folder = UsersFolder.state else { return nil }
        let digest = SHA256Digest(of: "\(store) \(scope)".utf8).description.prefix(32)
        return "\(folder)/deployments/\(digest)"
    }

    /// `nil` for a container that is alone.
    ///
    /// - Throws: `FAILED_PRECONDITION` when there is no library of ZooKeeper's.
    func makeStore() throws(ServingError) -> (any ClusterStore)? {
        switch store {
        case .none: return nil
        case .zooKeeper(let settings): return try ZooKeeperSession(settings)
        case .file(let path): return FileClusterStore(path: path)
        }
    }

    /// What is served of the folder.
    ///
    /// - Throws: as `AgentConfiguration.models(folder:)`.
    func models(of folder: ExportFolder) throws(ServingError) -> ServedModels {
        try configuration.models(folder: folder, context, matchesBeginnings: matchesBeginnings)
    }

    /// What is served of a layout, at the paths of this machine.
    ///
    /// - Throws: as `AgentConfiguration.models(layout:)`.
    func models(of layout: [PublishedModel], previous: ServedModels) throws(ServingError) -> ServedModels {
        let layout = layout.map { published in
            var published = published
            if let path = published.meta?.basePath { published.meta?.basePath = prefixes.applied(to: path) }
            return published
        }
        return try configuration.models(
            layout: layout,
            context,
            previous: previous,
            matchesBeginnings: matchesBeginnings
        )
    }

    /// For people: where the models come from.
    var source: String {
        if folder == nil, case .layout(_, let layout) = scope { return "layout \(layout)" }
        return "folder \(configuration.basePath ?? "")"
    }

    /// Keys that are given and without effect here, and that somebody may rely on.
    private var ignoredKeys: [String] {
        var keys: [String] = []
        if configuration.server.platformConfigFile != nil { keys.append("platform_config_file") }
        if configuration.roughSort.peerToPeerPath != nil { keys.append("rough_sort_model_p2p_path") }
        return keys.map { "\($0) is without effect here: docs/agent.md says why" }
    }
}
