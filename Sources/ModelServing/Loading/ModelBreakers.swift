import Inference
import Servables
import ServingConfig
import ServingMetrics

/// Makes the circuit breakers of versions.
struct ModelBreakers: Sendable {
    private let rules: CircuitBreaker.Rules
    private let metrics: ModelBreaker.Metrics

    /// `nil` where the configuration has none.
    init?(_ configuration: ServerConfiguration.Breaker, metrics: ServerMetrics) {
        var rules = CircuitBreaker.Rules(
            consecutiveFailures: configuration.consecutiveFailures,
            failureShare: configuration.failureShare
        )
        rules.restNanoseconds = UInt64(max(configuration.restMilliseconds, 1)) * 1_000_000
        guard rules.isOn else { return nil }
        self.rules = rules
        self.metrics = ModelBreaker.Metrics(registry: metrics.registry)
    }

    func breaker(for id: ServableID) -> ModelBreaker {
        ModelBreaker(rules: rules, model: id.name, version: id.version, metrics: metrics)
    }
}
