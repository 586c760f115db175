import EngineTensorFlow
public import Logging
public import ServingConfig
public import ServingPrimitives

/// A process that is a task of a TensorFlow cluster: what `apus worker` runs.
public enum ClusterWorkerProcess {
    /// Takes part in the cluster until the first SIGTERM or SIGINT. The process must end through `ModelServerProcess.leave`.
    ///
    /// - Parameters:
    ///   - engine: settings of TensorFlow; thread counts of 0 are one for each core.
    ///   - cluster: `JOB=HOST:PORT,HOST:PORT`, each job once.
    /// - Throws: why it cannot; the log says it, too.
    public static func run(
        _ engine: ServerConfiguration.Engine,
        cluster: [String],
        job: String,
        task: Int,
        logLevel: Logger.Level
    ) async throws(ServingError) {
        let signals = TerminationSignals()
        var logger = Logger(label: "apus.worker", factory: ServerConfiguration.Telemetry.LogFormat.text.makeHandler)
        logger.logLevel = logLevel
        do throws(ServingError) {
            let cluster = try ClusterDefinition(cluster)
            var options = engine.options(logger: logger)
            options.intraOpThreads = Int(engine.intraOpParallelism)
            options.interOpThreads = Int(engine.interOpParallelism)
            let worker = try ClusterWorker(TensorFlowEngine(options: options), cluster: cluster, job: job, task: task)
            logger.info("Running TensorFlow worker \(worker.name) at grpc://\(worker.address) ...")
        } catch {
            logger.error("The worker could not start", metadata: ["error": "\(error)"])
            throw error
        }
        await signals.wait()
        logger.info("Shut down")
    }
}
