public import Batching
public import Servables
public import ServingPrimitives

/// What the scheduler knows of a version and does with its requests, for people.
public struct ModelSchedule: Sendable {
    public struct Queue: Sendable {
        /// The signatures, and what is asked of them where that is not all.
        public var name: String
        /// Whether batches were found to give what single runs give; `nil` where nobody checks.
        public var verification: BatchVerification.Verdict?
        public var explanation: QueueExplanation
    }

    public var servable: ServableID
    /// How soon answers are wanted where the caller does not say, in nanoseconds.
    public var objective: UInt64?
    public var queues: [Queue]
    /// `nil` for a version without a circuit breaker.
    public var breaker: CircuitBreaker.State?
}

extension InferenceService {
    /// What the scheduler does with the requests of a version, and why.
    ///
    /// - Throws: `NOT_FOUND` for a version that is not in memory, `INVALID_ARGUMENT` for an unknown label.
    public func schedule(_ selector: ModelSelector) throws(ServingError) -> ModelSchedule {
        let model = try peek(selector)
        let queues = model.servable.queues
        return ModelSchedule(
            servable: model.lease.id,
            objective: queues.objective,
            queues: queues.explanations,
            breaker: model.servable.breaker?.state
        )
    }
}
