import ArgumentParser
import Cluster
import Glibc
import ModelServing
import ServingConfig
import ServingPrimitives

/// `apus agent`: serves a container's part of a deployment until SIGTERM or Ctrl-C.
struct Agent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve a container's part of a deployment of entries and embedding shards.",
        usage: "apus agent --conf FILE [options]",
        discussion: """
            FILE is the configuration of Monolith's agent, as it is; docs/agent.md says what each key does here. One \
            process serves what is chosen of the folder `base_path`, or of the layout `layout_pattern` in ZooKeeper; it \
            registers there what answers requests, and asks the other containers for the shards that it does not have.

            EXAMPLES
              A container, on the ports that the configuration or the environment says:
                apus agent --conf demo.conf

              An export that names its files as training saw them:
                apus agent --conf demo.conf --embedding-path-prefix hdfs:///user=/data

              The same deployment on two addresses of one machine:
                apus agent --conf machine1.conf --host 127.0.0.1
                apus agent --conf machine2.conf --host 127.0.0.2

              How it stands to the others:
                apus cluster status --server 127.0.0.1:8501

            PORTS
              gRPC          tfs_port_grpc of FILE, else the variable PORT3
              REST          tfs_port_http, else PORT4
              AgentService  agent_port, else PORT2; for entries of others
              What is not given is any that is free; the log says which.

            ENVIRONMENT
              SHARD_ID, MONOLITH_HOST_SHARD_N  which container this is, of how many
              MY_HOST_IP, MY_HOST_IPV6         where others reach this machine
              MY_POD_NAME, REPLICA_ID          what this container is called
              ZK_AUTH                          NAME:PASSWORD, for ZooKeeper

            SIGTERM withdraws what is registered first, then lets answers in flight finish.
            """
    )

    @OptionGroup(title: "Deployment") var deployment: AgentOptions
    @OptionGroup(title: "Calls of other containers") var remote: RemoteCallOptions
    @OptionGroup(title: "Shards of embeddings") var shards: ShardOptions
    @OptionGroup(title: "Stores") var stores: StoreOptions
    @OptionGroup(title: "More models than memory") var modelCache: ModelCacheOptions
    @OptionGroup(title: "Scheduling") var scheduling: SchedulingOptions
    @OptionGroup(title: "Control, access and limits") var control: ControlOptions
    @OptionGroup(title: "Request logs") var requestLogs: RequestLogOptions
    @OptionGroup(title: "Metrics and profiles") var metrics: MetricsOptions
    @OptionGroup(title: "Telemetry") var telemetry: TelemetryOptions
    @OptionGroup(title: "Engine") var engine: EngineOptions
    @OptionGroup(title: "Process") var process: ProcessOptions

    func run() async throws {
        let (agent, warnings) = try AgentConfiguration.read(deployment.conf)
        let environment = try AgentEnvironment(Self.variables)
        var configuration = configuration()
        try engine.readSession(into: &configuration)
        configuration.warnings += warnings
        let settings = try AgentSettings(
            agent,
            environment,
            deployment.options(identity: Self.variables["ZK_AUTH"]),
            pathPrefixes: configuration.embedding.pathPrefixes
        )
        try configuration.apply(settings)
        if let error = ServingError.listing(configuration.problems()) { throw error }
        do {
            try await ModelServerProcess.run(configuration, deployment: settings, logLevel: process.logLevel)
        } catch {
            // Its reason is in the log.
            ModelServerProcess.leave(1)
        }
        ModelServerProcess.leave(0)
    }

    private func configuration() -> ServerConfiguration {
        var configuration = ServerConfiguration()
        remote.apply(to: &configuration)
        shards.apply(to: &configuration)
        stores.apply(to: &configuration)
        modelCache.apply(to: &configuration)
        scheduling.apply(to: &configuration)
        control.apply(to: &configuration)
        requestLogs.apply(to: &configuration)
        metrics.apply(to: &configuration)
        telemetry.apply(to: &configuration)
        engine.apply(to: &configuration)
        configuration.lifecycle.drainGraceSeconds = process.drainGrace
        return configuration
    }

    /// Of the environment what is not empty.
    private static let variables: [String: String] = {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return variables
    }()
}

/// What a container is, beside what its configuration says.
struct AgentOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The agent's configuration file.", valueName: "file"))
    var conf: String

    @Option(help: "Address to listen on, for all ports; without it every IPv4 address.")
    var host: String?

    @Option(
        help: ArgumentHelp(
            "Where others reach this machine.",
            discussion: "Without it MY_HOST_IP, else --host, else the first address of a network.",
            valueName: "host"
        )
    )
    var advertise: String?

    @Option(
        help: ArgumentHelp(
            "A file with the nodes of the deployment, in place of ZooKeeper; looked at every second.",
            discussion: "A line is PATH or PATH CONTENT, as docs/agent.md describes.",
            valueName: "file"
        )
    )
    var nodesFile: String?

    @Option(
        help: ArgumentHelp(
            "Where to keep what was last known of the deployment, for a start without ZooKeeper.",
            discussion: "Without it a file in $XDG_STATE_HOME/apus/deployments or ~/.local/state/apus/deployments.",
            valueName: "file"
        )
    )
    var stateFile: String?

    @Option(
        help: ArgumentHelp(
            "Seconds without a word from here after which ZooKeeper takes what is registered back.",
            discussion: "The servers may allow less, or more.",
            valueName: "seconds"
        )
    )
    var zkSessionSeconds = 10.0

    @Flag(help: "Let filters take names that only begin with their pattern, as Monolith's agent does.")
    var matchBeginnings = false

    func validate() throws {
        guard (0.1...3600).contains(zkSessionSeconds) else {
            throw ValidationError("--zk-session-seconds is \(zkSessionSeconds); expected 0.1 to 3600")
        }
    }

    func options(identity: String?) -> AgentSettings.Options {
        var options = AgentSettings.Options()
        options.host = host
        options.advertisedHost = advertise
        options.nodesFile = nodesFile
        options.stateFile = stateFile.map(AbsolutePath.of)
        options.matchesBeginnings = matchBeginnings
        options.identity = identity
        options.sessionMilliseconds = Int(zkSessionSeconds * 1000)
        return options
    }
}
