import ArgumentParser
import Cluster
import Glibc
import ServingPrimitives

/// `apus cluster`: the layouts of a deployment of embedding shards.
struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Show and edit the layouts of deployments of embedding shards, in ZooKeeper.",
        discussion: """
            A layout names the sub-graphs (an entry and its shards) that containers share; docs/embedding.md describes the \
            nodes, which are those of Monolith's agent, version 3. Where the variable ZK_AUTH is NAME:PASSWORD, that is \
            used for digest authentication.

            EXAMPLES
              All sub-graphs of an export, for the containers of a layout to serve:
                apus cluster publish exported_models --zk-servers 10.0.0.1:2181 --bzid demo --layout main

              Who serves what:
                apus cluster status --conf demo.conf

              A model is not to be served any more:
                apus cluster unpublish recommender --conf demo.conf
            """,
        subcommands: [ClusterStatus.self, ClusterPublish.self, ClusterUnpublish.self]
    )
}

/// Which deployment is meant.
struct DeploymentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The agent's configuration file, for what is not said otherwise.", valueName: "file")
    )
    var conf: String?

    @Option(help: ArgumentHelp("ZooKeeper's servers.", valueName: "host:port,..."))
    var zkServers: String?

    @Option(help: ArgumentHelp("The name space in ZooKeeper.", valueName: "name"))
    var bzid: String?

    @Option(help: ArgumentHelp("A layout's name, or the absolute path of its node.", valueName: "name"))
    var layout: String?

    @Option(help: ArgumentHelp("How long to wait for ZooKeeper.", valueName: "seconds"))
    var timeout = 10.0

    func validate() throws {
        guard (0.1...3600).contains(timeout) else { throw ValidationError("--timeout is 0.1 to 3600; not \(timeout)") }
    }

    /// Calls `body` with a session, which is ended afterwards.
    func withStore<Result>(
        _ body: (_ store: any ClusterStore, _ paths: ClusterPaths, _ layout: String) throws -> Result
    ) throws -> Result {
        var agent = AgentConfiguration()
        if let conf {
            let (configuration, warnings) = try AgentConfiguration.read(conf)
            for warning in warnings { BenchFiles.writeToStandardError("\(warning)\n") }
            agent = configuration
        }
        let paths = try ClusterPaths(namespace: try Self.given(bzid ?? agent.namespace, "--bzid", "bzid"))
        let path = try paths.layout(try Self.given(layout ?? agent.layoutPattern, "--layout", "layout_pattern"))
        let servers = try Self.given(zkServers ?? agent.zooKeeperServers, "--zk-servers", "zk_servers")
        var settings = ZooKeeperSession.Settings(servers: try ZooKeeperServers(servers))
        settings.identity = getenv("ZK_AUTH").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        settings.requestTimeoutMilliseconds = Int(timeout * 1000)
        let store = try ZooKeeperSession(settings)
        try store.startAndWait(nanoseconds: UInt64(timeout * 1e9))
        defer { store.close() }
        return try body(store, paths, path)
    }

    private static func given(_ value: String?, _ option: String, _ key: String) throws -> String {
        guard let value else { throw ValidationError("Expected \(option), or --conf with \(key).") }
        return value
    }
}

struct ClusterStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the models of a layout, and where their replicas answer.",
        discussion: "With --server, what an agent (apus agent) knows of that, and since when it knows it."
    )

    @OptionGroup var deployment: DeploymentOptions

    @Option(help: ArgumentHelp("Ask the agent whose REST port this is.", valueName: "host:port"))
    var server: String?

    @Option(help: "API key for the agent, where it asks for one; without it that of APUS_API_KEY.")
    var key: String?

    func run() throws {
        if let server {
            let text = try ModelServerOptions.ask(
                "GET",
                "/v1/cluster",
                of: server,
                key: key,
                seconds: deployment.timeout
            )
            guard let report = DeploymentText(json: Array(text.utf8)) else {
                throw ServingError.internalError("\(server) answers with what is no report of a deployment")
            }
            return print(report.text)
        }
        let view = try deployment.withStore { store, paths, layout in
            let view = try ClusterView(reading: store, .layout(paths, layout: layout))
            guard view.layout != nil else { throw ServingError.notFound("there is no layout \(layout)") }
            return view
        }
        for warning in view.warnings { BenchFiles.writeToStandardError("\(warning)\n") }
        for model in view.layout ?? [] {
            let replicas = view.replicas[model.name.description] ?? []
            let place = model.meta?.basePath ?? "(nobody has said where it is)"
            print("\(model.name)  \(model.meta?.versionPolicy ?? "latest")  \(place)")
            print("    " + (replicas.isEmpty ? "no replica" : replicas.map(\.description).joined(separator: ", ")))
        }
    }
}

struct ClusterPublish: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Put the sub-graphs of an export into a layout."
    )

    @OptionGroup var deployment: DeploymentOptions

    @Argument(help: "The folder with a folder for each sub-graph, as the containers see it.")
    var basePath: String

    @Option(help: ArgumentHelp("The model's name. Without it, what the entry's graph asks for.", valueName: "name"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "latest, latest_once or all. Without it, latest for the entry and latest_once for all else.",
            valueName: "policy"
        )
    )
    var versionPolicy: String?

    func validate() throws {
        guard let versionPolicy, !["latest", "latest_once", "all"].contains(versionPolicy) else { return }
        throw ValidationError("--version-policy is latest, latest_once or all; not \(versionPolicy)")
    }

    func run() throws {
        let folder = try ExportFolder(at: basePath)
        let publication = try Publication(folder, basePath: basePath, model: model, versionPolicy: versionPolicy)
        try deployment.withStore { store, paths, layout in try publication.publish(store, paths, layout: layout) }
        for model in publication.models { print(model.name) }
    }
}

struct ClusterUnpublish: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpublish",
        abstract: "Take models out of a layout."
    )

    @OptionGroup var deployment: DeploymentOptions

    @Argument(help: "MODEL, for all of its sub-graphs, or MODEL:SUB_GRAPH; repeat for more.")
    var models: [String]

    @Flag(help: "Also forget where they are, which other layouts may need.")
    var forget = false

    func run() throws {
        let names = try deployment.withStore { store, paths, layout in
            try Publication.unpublish(models, store, paths, layout: layout, forgetting: forget)
        }
        for name in names { print(name) }
    }
}
