public import Batching
import ServingPrimitives

/// Replays requests against the real scheduler, with an engine and a clock that are simulated: no time passes.
public struct Simulation: Sendable {
    /// How the queues of the models form batches.
    public enum Policy: Sendable, Hashable {
        /// No parameter at all.
        case adaptive
        /// TensorFlow Serving's queue with these.
        case batchQueue(BatchLimits)
    }

    /// A model: its curve, and how much of the threads it may have.
    public struct Model: Sendable {
        public var curve: SimulatedCurve
        public var weight: Double

        public init(curve: SimulatedCurve, weight: Double = 1) {
            self.curve = curve
            self.weight = weight
        }
    }

    public var models: [Model]
    public var threads: Int
    public var policy: Policy
    public var limits = AdaptiveLimits()
    /// Deviation of a run's time, as a share of it.
    public var noise: Double
    public var seed: UInt64
    /// What comes before, in nanoseconds, is not counted: the scheduler learns.
    public var warmUp: UInt64 = 0
    /// Whether to count answers for each of these spans (nanoseconds) as well; 0 does not.
    public var window: UInt64 = 0

    public init(models: [Model], threads: Int = 1, policy: Policy = .adaptive, noise: Double = 0.1, seed: UInt64 = 1) {
        self.models = models
        self.threads = threads
        self.policy = policy
        self.noise = noise
        self.seed = seed
    }

    /// Runs until every request is answered.
    ///
    /// - Parameter requests: in order of arrival, of models that there are.
    public func run(_ requests: [SimulatedRequest]) -> SimulationResult {
        switch policy {
        case .adaptive:
            run(requests, queues: models.map { _ in AdaptiveQueue<Int>(limits: limits) })
        case .batchQueue(let limits):
            run(requests, queues: models.map { _ in BatchQueue<Int>(limits: limits) })
        }
    }

    private func run<Queue: BatchForming>(
        _ requests: [SimulatedRequest],
        queues: [Queue]
    ) -> SimulationResult where Queue.Payload == Int {
        let state = SimulationState(self, requests)
        let scheduler = BatchScheduler(simulatedThreads: threads, clock: { MonotonicTime(nanoseconds: state.now) })
        let scheduled = queues.enumerated().map { index, queue in
            scheduler.makeQueue(
                queue,
                share: QueueShare(group: index, weight: models[index].weight),
                process: { state.process($0, model: index) },
                drop: { state.dropped($0) }
            )
        }
        while let event = state.nextEvent(dueTime: scheduler.nextDueTime) {
            switch event {
            case .arrival(let index):
                do throws(ServingError) {
                    try scheduled[requests[index].model].submit(index, state.terms(of: index))
                } catch {
                    state.refused(index)
                }
            case .end(let running): scheduler.finish(running.started, state.ended(running))
            case .due: break
            }
            while state.hasIdleThread, let started = scheduler.startDueBatch() {
                started.answerDropped()
                if started.hasBatch { state.started(started, started.run()) }
            }
        }
        return state.result(explanations: scheduled.map { $0.explanation() })
    }
}
