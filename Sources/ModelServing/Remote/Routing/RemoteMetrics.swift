import Cluster
import RemoteRouting
import ServingMetrics

/// What is counted of calls of other machines.
struct RemoteMetrics: Sendable {
    let retries: MetricFamily<Counter>
    let hedges: MetricFamily<Counter>

    init(_ registry: MetricRegistry, _ routes: RemoteRoutes) {
        retries = registry.counter("apus_remote_retries_total", labels: ["model"])
        hedges = registry.counter("apus_remote_hedges_total", labels: ["model"])
        func show(
            _ name: String,
            _ type: CollectedSamples.Kind,
            _ value: @escaping @Sendable (Replica) -> Double
        ) {
            registry.collect("apus_remote_\(name)", labels: ["model", "replica"], type: type) {
                routes.replicas.map { ([$0.name, $0.replica.address.description], value($0.replica)) }
            }
        }
        show("requests_total", .counter) { Double($0.counts.requests) }
        show("failures_total", .counter) { Double($0.counts.failures) }
        show("ejections_total", .counter) { Double($0.counts.ejections) }
        show("outstanding_requests", .gauge) { Double($0.outstanding) }
        show("replica_good", .gauge) { $0.health.isGood ? 1 : 0 }
    }
}
