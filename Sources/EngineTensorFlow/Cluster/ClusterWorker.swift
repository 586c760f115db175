import CTensorFlow
import ModelSignatures
public import ServingPrimitives

/// A task of a cluster in this process: TensorFlow's own server of its distributed runtime. It takes part until the process
/// ends; there is no other way to stop one.
public struct ClusterWorker: Sendable {
    /// `/job:worker/task:0`
    public let name: String
    /// `host:port`
    public let address: String

    /// Starts it. Blocks for a moment.
    ///
    /// - Parameters:
    ///   - engine: whose library, op libraries and thread counts are used; 0 threads are one for each core.
    ///   - job: of the cluster, and which of its tasks this is.
    /// - Throws: `INVALID_ARGUMENT` for a task that is not in the cluster; `UNAVAILABLE` when its port cannot be opened; as
    ///   `TensorFlowEngine.findLibrary`.
    public init(
        _ engine: TensorFlowEngine,
        cluster: ClusterDefinition,
        job: String,
        task: Int
    ) throws(ServingError) {
        address = try cluster.address(job: job, task: task)
        name = "/job:\(job)/task:\(task)"
        let library = try engine.openLibrary()
        // Models that need them are loaded by other processes, which cannot load them here.
        _ = OpLibraries.loadTensorFlowText(for: library, log: engine.options.log)
        let definition = cluster.serverDefinition(job: job, task: task, config: Self.config(engine.options))
        do throws(ServingError) {
            let server = try ServingError.check { TF_NewServer(definition, definition.count, $0) }
            guard let server else { throw .internalError("TensorFlow made no server") }
            try ServingError.check { TF_ServerStart(server, $0) }
        } catch {
            throw ServingError(
                error.code == .unknown ? .unavailable : error.code,
                "Cannot start \(name) of the cluster at \(address): \(error.message)"
            )
        }
    }

    private static func config(_ options: TensorFlowOptions) -> [UInt8] {
        var config = ProtobufWriter(options.sessionConfig)
        if options.intraOpThreads > 0 { config.integer(2, options.intraOpThreads) }  // intra_op_parallelism_threads
        if options.interOpThreads > 0 { config.integer(5, options.interOpThreads) }  // inter_op_parallelism_threads
        return config.bytes
    }
}
