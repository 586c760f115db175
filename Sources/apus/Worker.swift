import ArgumentParser
import Logging
import ModelServing
import ServingConfig
import ServingPrimitives

/// `apus worker`: takes part in a TensorFlow cluster until SIGTERM or Ctrl-C.
struct Worker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Be a worker of a TensorFlow cluster, on which `apus serve --session-target` runs models.",
        discussion: """
            Every worker is given the same --cluster and its own --task. It speaks TensorFlow's own protocol, which asks \
            nobody who they are and listens on all addresses: keep it inside of a network of its own.

            EXAMPLE
              Two workers on this machine, and a server that runs models there:
                apus worker --cluster worker=localhost:2222,localhost:2223 --task 0
                apus worker --cluster worker=localhost:2222,localhost:2223 --task 1
                apus serve --model m=models/m --session-target grpc://localhost:2222
            """
    )

    @Option(
        help: ArgumentHelp(
            "Tasks of a job of the cluster; repeat for more jobs.",
            valueName: "job=host:port,host:port"
        )
    )
    var cluster: [String]

    @Option(help: "The job of the cluster that this is a task of.")
    var job = "worker"

    @Option(help: "Which task of the job this is; the first is 0.")
    var task: Int

    @Option(help: ArgumentHelp("libtensorflow_cc.so.2, where it is not found by itself.", valueName: "path"))
    var tensorflowLibrary: String?

    @Option(
        name: .customLong("op-library"),
        help: ArgumentHelp("A shared object with TensorFlow operations; repeat for more.", valueName: "path")
    )
    var opLibraries: [String] = []

    @Option(help: "Threads that share the work of one operation; 0 is one for each core.")
    var intraOpParallelism: Int64 = 0

    @Option(help: "Operations that may run at once; 0 is one for each core.")
    var interOpParallelism: Int64 = 0

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    func validate() throws {
        for (name, value) in [("intra", intraOpParallelism), ("inter", interOpParallelism)]
        where !(0...4096).contains(value) {
            throw ValidationError("--\(name)-op-parallelism is \(value); expected a number from 0 to 4096")
        }
    }

    func run() async throws {
        var engine = ServerConfiguration.Engine()
        engine.libraryPath = tensorflowLibrary
        engine.opLibraries = opLibraries.map(AbsolutePath.of)
        engine.intraOpParallelism = intraOpParallelism
        engine.interOpParallelism = interOpParallelism
        do {
            try await ClusterWorkerProcess.run(engine, cluster: cluster, job: job, task: task, logLevel: logLevel)
        } catch {
            // Its reason is in the log.
            ModelServerProcess.leave(1)
        }
        ModelServerProcess.leave(0)
    }
}
