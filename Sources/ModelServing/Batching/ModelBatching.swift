import Batching
import Inference
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

/// Batching as configured: the threads that all models share, and how each version uses them.
struct ModelBatching: Sendable {
    /// The file of a version's folder with parameters of its own.
    static let parametersFile = "batching_params.pbtxt"
    /// The name of the threads where a file with parameters gives none.
    private static let defaultThreadPoolName = "batch_threads"

    let scheduler: BatchScheduler
    private let configuration: ServerConfiguration.Batching
    private let metrics: ServerMetrics

    /// Starts the threads.
    init(_ configuration: ServerConfiguration.Batching, cores: Int, metrics: ServerMetrics) {
        self.configuration = configuration
        self.metrics = metrics
        let threads = configuration.parameters.batchThreads ?? Int64(cores)
        scheduler = BatchScheduler(
            threadCount: max(Int(threads), 1),
            name: configuration.parameters.threadPoolName ?? Self.defaultThreadPoolName
        )
    }

    /// What batches the requests of the version in `folder`; `nil` when they are not batched.
    ///
    /// - Throws: what is wrong with the parameters.
    func batcher(forVersionIn folder: String) throws(ServingError) -> ModelBatcher? {
        guard let parameters = try parameters(forVersionIn: folder) else { return nil }
        return ModelBatcher(scheduler: scheduler, options: try parameters.options(), metrics: metrics)
    }

    private func parameters(
        forVersionIn folder: String
    ) throws(ServingError) -> ServerConfiguration.BatchingParameters? {
        guard configuration.isPerModel else { return configuration.parameters }
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
