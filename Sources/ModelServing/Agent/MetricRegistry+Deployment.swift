import ServingConfig
import ServingMetrics

extension MetricRegistry {
    /// Shows how the server stands to its deployment.
    func showDeployment(_ report: @escaping @Sendable () -> DeploymentReport) {
        typealias Samples = [(values: [String], value: Double)]
        func show(_ name: String, labels: [String] = [], _ read: @escaping @Sendable (DeploymentReport) -> Samples) {
            collect("apus_cluster_\(name)", labels: labels, type: .gauge) { read(report()) }
        }
        func showStore(_ name: String, _ value: @escaping @Sendable (DeploymentReport.Store) -> Double?) {
            show(name) { report in report.store.flatMap(value).map { [([], $0)] } ?? [] }
        }
        showStore("store_connected") { $0.isConnected ? 1 : 0 }
        showStore("store_state_seconds") { $0.secondsInState }
        showStore("known_age_seconds") { $0.ageSeconds }
        showStore("layout_stale") { $0.isLayoutStale ? 1 : 0 }
        showStore("registered_nodes") { Double($0.registered.count) }
        show("served_models") { [([], Double($0.served.count))] }
        show("warnings") { [([], Double($0.warnings.count))] }
        show("replicas", labels: ["model"]) { $0.routes.map { ([$0.name], Double($0.addresses.count)) } }
        show("route_stale", labels: ["model"]) { $0.routes.map { ([$0.name], $0.isStale ? 1 : 0) } }
    }
}
