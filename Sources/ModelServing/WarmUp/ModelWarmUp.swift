import Inference
import Logging
import Servables
import ServingMetrics
import ServingPrimitives
import Synchronization
import WireFormat

/// Makes the calls that a version brings along in `assets.extra/tf_serving_warmup_requests`, before it becomes
/// available: so that the first client does not wait for what TensorFlow does only once.
///
/// Rules and texts are TensorFlow Serving's (`servables/tensorflow/saved_model_warmup_util.cc`). Any error is one of the
/// load.
final class ModelWarmUp: Sendable {
    /// Records that a file may hold.
    static let maximumRecords = 1000

    private let iterations: Int
    private let threads: Int
    private let metrics: ServerMetrics
    private let logger: Logger
    /// Not strong: the service keeps the manager, which keeps the loaders, which keep this.
    private struct Service { weak var service: InferenceService? }
    private let service = Mutex(Service())

    /// - Parameters:
    ///   - iterations: calls of each record.
    ///   - threads: calls at the same time.
    init(iterations: Int, threads: Int, metrics: ServerMetrics, logger: Logger) {
        self.iterations = max(iterations, 1)
        self.threads = max(threads, 1)
        self.metrics = metrics
        self.logger = logger
    }

    /// Says what the calls are made through; to be called before anything is loaded.
    func use(_ service: InferenceService) { self.service.withLock { $0.service = service } }

    /// Blocks until all records have been replayed, on this thread and those it starts.
    ///
    /// - Parameter folder: of the version.
    func run(_ servable: ModelServable, as id: ServableID, in folder: String) throws(ServingError) {
        guard let service = service.withLock({ $0.service }) else {
            throw ServingError(.cancelled, "The server is shutting down")
        }
        guard let file = try WarmUpFile(WarmUpFile.path(in: folder)) else { return }
        let start = MonotonicTime.now()
        let model = ResolvedModel(warmingUp: servable, as: id)
        let replay = WarmUpReplay(of: file, iterations: iterations) { (call) throws(ServingError) in
            try service.warmUp(model, with: call)
        }
        let failure = replay.run(threads: threads)
        let nanoseconds = MonotonicTime.now().nanoseconds(since: start)
        record(replay.recordCount, failure, nanoseconds, folder)
        if let failure { throw failure }
        logger.info(
            "Warmed a version up",
            metadata: [
                "model": "\(id.name)", "version": "\(id.version)", "records": "\(replay.recordCount)",
                "milliseconds": "\(nanoseconds / 1_000_000)",
            ]
        )
    }

    private func record(_ recordCount: Int, _ failure: ServingError?, _ nanoseconds: UInt64, _ folder: String) {
        let labels = [folder, failure.map { "\($0)" } ?? CanonicalCode.ok.name]
        metrics.warmUpLatency.cell(labels).record(Int64(clamping: nanoseconds / 1000))
        metrics.warmUpRecordsRead.cell(labels).increment(by: Int64(recordCount))
    }
}
