import EngineEmbedding
import EngineInterface
import EngineProcess
import EngineTensorFlow
import EventLoopSupport
import Logging
import NIOCore
import ServingConfig
import ServingPrimitives

/// A process that holds one model for a server which started it: what both executables are when they are told to.
public enum EngineWorkerProcess {
    /// The first word of a command line that asks for it.
    public static var command: String { EngineWorker.command }

    /// Never returns when the command line asks for it.
    ///
    /// - Parameter arguments: all of the command line.
    public static func runIfAsked(_ arguments: [String]) {
        guard arguments.count > 1, arguments[1] == command else { return }
        EngineWorker.run(Array(arguments.dropFirst(2))) { (settings) throws(ServingError) in
            let configuration = try ServerConfiguration(engineProcessSettings: settings)
            let logger = Logger(label: "apus.engine", factory: configuration.telemetry.logFormat.makeHandler)
            return configuration.engine(
                besides: try ModelServerProcess.engine(configuration, logger: logger),
                shards: EmbeddingEngine(
                    options: EmbeddingOptions(configuration.embedding, threads: System.coreCount, logger: logger)
                ),
                cores: System.coreCount
            )
        }
    }
}
