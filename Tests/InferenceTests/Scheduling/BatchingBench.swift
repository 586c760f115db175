import Batching
import EngineInterface
import Inference
import ServingMetrics
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors

/// A service whose one model is batched, by a scheduler without threads: batches run when the test says so.
final class BatchingBench: Sendable {
    /// What a call was answered with; `nil` while it waits. Answering it twice traps.
    final class Answer: Sendable {
        private let result = Mutex<Result<PredictResult, ServingError>?>(nil)
        private let run = Mutex<QueuedRun?>(nil)

        fileprivate func set(_ new: Result<PredictResult, ServingError>) {
            result.withLock { result in
                precondition(result == nil, "a call is answered once")
                result = new
            }
            // Which would keep this alive, and with it the answer.
            run.withLock { $0 = nil }
        }

        fileprivate func waits(for new: QueuedRun?) { if !isThere { run.withLock { $0 = new } } }

        /// What the call waits for.
        var queued: QueuedRun? { run.withLock { $0 } }
        var isThere: Bool { result.withLock { $0 != nil } }
        var error: ServingError? { result.withLock { if case .failure(let error) = $0 { error } else { nil } } }
        var outputs: [NamedTensor]? { result.withLock { try? $0?.get().outputs } }
        var floats: [Float]? { outputs?.first?.tensor.scalars(as: Float.self) }
    }

    /// Runs as the model saw them.
    final class Runs: Sendable {
        fileprivate let requests = Mutex<[RunRequest]>([])

        /// The first input of each run.
        var inputs: [[Float]] { requests.withLock { $0.map { $0.inputs[0].scalars(as: Float.self) } } }
        var shapes: [[Int]] { requests.withLock { $0.map { $0.inputs[0].shape.dimensions } } }
        var outputs: [[Int]] { requests.withLock { $0.map(\.outputs) } }
        var deadlines: [Deadline] { requests.withLock { $0.map(\.deadline) } }
    }

    let runs: Runs
    let metrics: ServerMetrics
    let scheduler: BatchScheduler
    let service: ServiceBench

    init(
        _ model: FakeModel = .halfPlusTwo(),
        limits: BatchLimits = BatchLimits(maximumTaskSize: 8, maximumWaitNanoseconds: .max),
        allowedBatchSizes: [Int] = [],
        pads: Bool = false,
        rules: ModelQueues.Rules? = nil
    ) async {
        let runs = Runs()
        let metrics = ServerMetrics()
        let scheduler = BatchScheduler(threadCount: 0)
        let options = ModelBatchingOptions(
            limits: limits,
            allowedBatchSizes: allowedBatchSizes,
            padsVariableLengthInputs: pads
        )
        let watched = FakeModel(signatures: model.signatures) { (request) throws(ServingError) -> [Tensor] in
            runs.requests.withLock { $0.append(request) }
            return try model.run(request)
        }
        let rules = rules ?? .parameters(options)
        service = await ServiceBench(watched, scheduler: scheduler) {
            ModelQueues(scheduler: scheduler, rules: rules, metrics: metrics)
        }
        self.runs = runs
        self.metrics = metrics
        self.scheduler = scheduler
    }

    func submit(_ call: PredictCall, intake: RunIntake? = nil) -> Answer {
        let answer = Answer()
        answer.waits(for: service.service.predict(call, intake: intake) { answer.set($0) })
        return answer
    }

    func submit(_ values: [Float], deadline: Deadline = .never, intake: RunIntake? = nil) throws -> Answer {
        let call = PredictCall(
            model: ModelSelector(name: "m"),
            inputs: [try floats("x", values)],
            terms: CallTerms(deadline: deadline)
        )
        return submit(call, intake: intake)
    }

    func submit(_ tensor: Tensor) -> Answer {
        submit(PredictCall(model: ModelSelector(name: "m"), inputs: [NamedTensor(name: "x", tensor: tensor)]))
    }

    /// Runs every batch, full or not.
    func runAll() {
        scheduler.drain()
        while scheduler.runDueBatch() {}
    }
}
