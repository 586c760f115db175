/// How a container stands to the deployment it is a part of: what `/v1/cluster`, the metrics and the command line show.
public struct DeploymentReport: Sendable, Hashable {
    /// Of a store of nodes: ZooKeeper, or a file.
    public struct Store: Sendable, Hashable {
        /// Which: `zookeeper 10.0.0.1:2181`, `file /etc/nodes`.
        public var name: String
        public var isConnected: Bool
        /// For how long it has been connected, or away.
        public var secondsInState: Double
        /// Why it is away, or something could not be read or written.
        public var problem: String?
        /// How old what is known of it is: 0 while it is as the store says; `nil` while nothing is known.
        public var ageSeconds: Double?
        /// Whether the layout that is served is there no more.
        public var isLayoutStale: Bool
        /// Paths of this container's nodes in the store.
        public var registered: [String]

        public init(
            name: String,
            isConnected: Bool,
            secondsInState: Double,
            problem: String?,
            ageSeconds: Double?,
            isLayoutStale: Bool,
            registered: [String]
        ) {
            self.name = name
            self.isConnected = isConnected
            self.secondsInState = secondsInState
            self.problem = problem
            self.ageSeconds = ageSeconds
            self.isLayoutStale = isLayoutStale
            self.registered = registered
        }
    }

    /// Where replicas of a servable answer.
    public struct Route: Sendable, Hashable {
        public var name: String
        public var addresses: [String]
        /// The store has none of them any more.
        public var isStale: Bool

        public init(name: String, addresses: [String], isStale: Bool) {
            self.name = name
            self.addresses = addresses
            self.isStale = isStale
        }
    }

    /// `layout /demo/layouts/main`, `folder /exports`.
    public var source: String
    /// What this container serves of it, by their own names, sorted.
    public var served: [String]
    /// Other names that they answer to.
    public var aliases: [String: String]
    /// What is wrong with the deployment, and left out.
    public var warnings: [String]
    /// `nil` where the container is alone.
    public var store: Store?
    /// By name, sorted.
    public var routes: [Route]

    public init(
        source: String,
        served: [String],
        aliases: [String: String],
        warnings: [String],
        store: Store?,
        routes: [Route]
    ) {
        self.source = source
        self.served = served
        self.aliases = aliases
        self.warnings = warnings
        self.store = store
        self.routes = routes
    }
}
