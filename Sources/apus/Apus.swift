import ArgumentParser
import ModelServing

/// The command line of Apus.
struct Apus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "Serves TensorFlow models over TensorFlow Serving's own interface, gRPC and REST.",
        discussion: """
            Clients of TensorFlow Serving work unchanged. To replace a tensorflow_model_server that is started with \
            flags, use the executable of that name beside this one.
            """,
        version: ServerVersion.text,
        subcommands: [
            Serve.self, Agent.self, Plan.self, Models.self, Embedding.self, ClusterCommand.self, Worker.self,
            Bench.self,
            Simulate.self, SimulateCache.self,
        ]
    )
}

@main
enum ApusMain {
    static func main() async {
        EngineWorkerProcess.runIfAsked(CommandLine.arguments)
        await Apus.main()
    }
}
