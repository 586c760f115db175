import Inference
import Logging
import Servables
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
    private let logger: Logger
    /// Not strong: the service keeps the manager, which keeps the loaders, which keep this.
    private struct Service { weak var service: InferenceService? }
    private let service = Mutex(Service())

    /// - Parameters:
    ///   - iterations: calls of each record.
    ///   - threads: calls at the same time.
    init(iterations: Int, threads: Int, logger: Logger) {
        self.iterations = max(iterations, 1)
        self.threads = max(threads, 1)
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
        let count = try replay.run(threads: threads)
        logger.info(
            "Warmed a version up",
            metadata: [
                "model": "\(id.name)", "version": "\(id.version)", "records": "\(count)",
                "milliseconds": "\(MonotonicTime.now().nanoseconds(since: start) / 1_000_000)",
            ]
        )
    }
}
