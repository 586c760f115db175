public import ServingMetrics
public import ServingPrimitives
import Synchronization

/// The circuit breaker of one version of a model, shared by all that runs it. Costs one relaxed load while all is well.
public final class ModelBreaker: Sendable {
    /// What the metrics page shows of breakers; made only where there are any.
    public struct Metrics: Sendable {
        let refusals: MetricFamily<Counter>
        let open: MetricFamily<Gauge>

        public init(registry: MetricRegistry) {
            refusals = registry.counter("/apus/circuit_breaker_refusals", labels: ["model_name", "version"])
            open = registry.gauge("/apus/circuit_breaker_open", labels: ["model_name", "version"])
        }
    }

    private let name: String
    private let breaker: Mutex<CircuitBreaker>
    private let isTroubled = Atomic<Bool>(false)
    private let refusals: Counter
    private let open: Gauge
    private let now: @Sendable () -> MonotonicTime

    /// - Parameters:
    ///   - model: and `version`, for texts and metrics.
    public init(
        rules: CircuitBreaker.Rules,
        model: String,
        version: Int64,
        metrics: Metrics,
        now: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) {
        name = "Version \(version) of model \(model)"
        breaker = Mutex(CircuitBreaker(rules: rules))
        refusals = metrics.refusals.cell([model, "\(version)"])
        open = metrics.open.cell([model, "\(version)"])
        self.now = now
    }

    public var state: CircuitBreaker.State { breaker.withLock { $0.state } }

    /// - Throws: `UNAVAILABLE`, with when to come again, while the version is left alone.
    func admit() throws(ServingError) {
        guard isTroubled.load(ordering: .relaxed) else { return }
        guard case .refuse(let retryAfter) = breaker.withLock({ $0.admit(at: now().nanoseconds) }) else { return }
        refusals.increment()
        throw ServingError(
            .unavailable,
            "\(name) has failed too often and is left alone for a while; retry later",
            retryAfterNanoseconds: retryAfter
        )
    }

    func succeeded() { if isTroubled.load(ordering: .relaxed) { update { $0.succeeded(at: $1) } } }

    /// Counts a failure of the engine; what a caller did wrong is none.
    func failed(_ error: ServingError) { if error.code.isEnginesFault { update { $0.failed(at: $1) } } }

    private func update(_ change: (inout CircuitBreaker, UInt64) -> Void) {
        let time = now().nanoseconds
        let isClosed = breaker.withLock { breaker in
            change(&breaker, time)
            isTroubled.store(!breaker.isUntroubled, ordering: .relaxed)
            return breaker.state == .closed
        }
        open.set(isClosed ? 0 : 1)
    }
}

extension CanonicalCode {
    /// Whether a run that ends with it says something of the model rather than of the request.
    fileprivate var isEnginesFault: Bool {
        switch self {
        case .unknown, .resourceExhausted, .aborted, .unimplemented, .internal, .unavailable, .dataLoss: true
        case .ok, .cancelled, .invalidArgument, .deadlineExceeded, .notFound, .alreadyExists, .permissionDenied,
            .failedPrecondition, .outOfRange, .unauthenticated:
            false
        }
    }
}
