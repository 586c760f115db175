import Batching
import Inference
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import ServingProtos
import WireFormat

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where the runs of all models wait: the one set of engine threads, and how each version uses them.
struct ModelScheduling: Sendable {
    /// The file of a version's folder with parameters of its own.
    static let parametersFile = "batching_params.pbtxt"
    /// The name of the threads where parameters give none.
    private static let batchThreadsName = "batch_threads"

    private let scheduler: BatchScheduler
    private let groups: SchedulerGroups
    private let batching: ServerConfiguration.Batching?
    private let configuration: ServerConfiguration.Scheduling
    private let metrics: ServerMetrics

    /// Starts the threads: as many as parameters for batching ask for, else `threadCount`.
    ///
    /// - Throws: what is wrong with the groups of models that have threads of their own.
    init(_ configuration: ServerConfiguration, threadCount: Int, metrics: ServerMetrics) throws(ServingError) {
        groups = try SchedulerGroups(configuration.cpuGroups, cores: threadCount)
        batching = configuration.batching
        self.configuration = configuration.scheduling
        self.metrics = metrics
        let parameters = configuration.batching?.parameters
        scheduler = BatchScheduler(
            threadCount: parameters?.batchThreads.map { max(Int($0), 1) } ?? threadCount,
            name: parameters.map { $0.threadPoolName ?? Self.batchThreadsName } ?? "engine"
        )
    }

    /// The queues of the version in `folder`.
    ///
    /// - Throws: what is wrong with its parameters.
    func queues(for id: ServableID, in folder: String) throws(ServingError) -> ModelQueues {
        let rules: ModelQueues.Rules =
            if let parameters = try parameters(forVersionIn: folder) {
                .parameters(try parameters.options())
            } else {
                configuration.batches ? .adaptive(pads: configuration.paddedModels.contains(id.name)) : .alone
            }
        return ModelQueues(
            scheduler: try groups.scheduler(of: id.name) ?? scheduler,
            rules: rules,
            model: id.name,
            objective: configuration.objectives.objective(of: id.name),
            metrics: metrics
        )
    }

    /// The models that are configured now: each may be in a group.
    func configure(_ models: [ServerConfiguration.Model]) { groups.configure(models) }

    /// From now on no batch waits for company.
    func drain() {
        scheduler.drain()
        for group in groups.schedulers.values { group.drain() }
    }

    /// Refuses new tasks, lets those that wait finish and ends the threads. Returns at once.
    func shutdown() {
        scheduler.shutdown()
        for group in groups.schedulers.values { group.shutdown() }
    }

    /// `nil` leaves it to the scheduler.
    private func parameters(
        forVersionIn folder: String
    ) throws(ServingError) -> ServerConfiguration.BatchingParameters? {
        guard let batching else { return nil }
        guard batching.isPerModel else { return batching.parameters }
        let path = "\(folder)/\(Self.parametersFile)"
        guard access(path, F_OK) == 0 else { return nil }
        var problems = ""
        do throws(ServingError) {
            return .init(
                try ConfigurationFile.read(path, as: Tensorflow_Serving_BatchingParameters.self) {
                    problems = "\n\($0)"
                }
            )
        } catch {
            throw ServingError(error.code, error.message + problems)
        }
    }
}
