public import ServingPrimitives

/// A task that was taken out because it could not be answered in time.
public struct DroppedTask<Payload: Sendable>: Sendable {
    public let payload: Payload
    public let terms: TaskTerms
    public let reason: DropReason
    public let estimate: WaitEstimate

    public init(payload: Payload, terms: TaskTerms, reason: DropReason, estimate: WaitEstimate) {
        self.payload = payload
        self.terms = terms
        self.reason = reason
        self.estimate = estimate
    }

    /// For its caller.
    public var error: ServingError {
        switch reason {
        case .expired:
            .deadlineExceeded("The deadline passed while the request waited for a batch: \(estimate.queueText)")
        case .hopeless:
            estimate.refusal(
                "The request cannot be answered in time any more: a run takes about \(estimate.predictedText)"
            )
        case .sacrificed:
            estimate.refusal(
                "The request was given up for those behind it, as a batch with it would have made more of them late: "
                    + "its answer was due in about \(estimate.predictedText)"
            )
        }
    }
}

/// How long a task would have to wait, and why, at the moment it is turned away.
public struct WaitEstimate: Sendable, Hashable {
    /// From now to its answer; `nil` when nothing is known.
    public var predictedNanoseconds: UInt64?
    /// From now to its deadline; `nil` without one.
    public var leftNanoseconds: UInt64?
    /// What waits before it or with it.
    public var depth: QueueDepth
    /// After which time the same request has a chance.
    public var retryNanoseconds: UInt64

    public init(
        predictedNanoseconds: UInt64?,
        leftNanoseconds: UInt64?,
        depth: QueueDepth,
        retryNanoseconds: UInt64
    ) {
        self.predictedNanoseconds = predictedNanoseconds
        self.leftNanoseconds = leftNanoseconds
        self.depth = depth
        self.retryNanoseconds = retryNanoseconds
    }

    /// `RESOURCE_EXHAUSTED` with everything a caller can use.
    func refusal(_ reason: String) -> ServingError {
        var text = reason
        if let leftNanoseconds { text += ", and it had \(Self.text(leftNanoseconds))" }
        text += "; \(queueText). Retry in \(Self.text(retryNanoseconds))"
        return ServingError(.resourceExhausted, text, retryAfterNanoseconds: retryNanoseconds)
    }

    var queueText: String { "\(depth.tasks) tasks with \(depth.rows) rows wait" }
    var predictedText: String { Self.text(predictedNanoseconds ?? 0) }

    /// Milliseconds with one decimal, without the cost of a formatter.
    static func text(_ nanoseconds: UInt64) -> String {
        let tenths = (nanoseconds / 50_000 + 1) / 2
        return "\(tenths / 10).\(tenths % 10) ms"
    }
}

/// Why a task is not accepted.
public enum TaskRefusal: Error, Sendable, Hashable {
    /// Its predicted finish is after its deadline.
    case tooLate(WaitEstimate)
    /// There is no room for it, or it is larger than a batch may be.
    case noRoom(WaitEstimate, limit: QueueDepth)
    /// What another system says of such a task.
    case error(ServingError)

    /// For its caller.
    public var error: ServingError {
        switch self {
        case .tooLate(let estimate):
            estimate.refusal("The request would be answered too late: in about \(estimate.predictedText)")
        case .noRoom(let estimate, let limit):
            estimate.refusal(
                "The queue is full: it holds \(estimate.depth.bytes) bytes, at most \(limit.rows) rows and "
                    + "\(limit.bytes) bytes are let in"
            )
        case .error(let error): error
        }
    }
}
