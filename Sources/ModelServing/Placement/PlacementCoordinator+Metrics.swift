import ModelTools
import Servables
import ServingMetrics

extension PlacementCoordinator {
    /// Shows the plan on the page of metrics.
    func show(in registry: MetricRegistry) {
        func show(_ name: String, _ value: @escaping @Sendable (PlacementPlan.DeviceTotal) -> Double) {
            registry.collect("apus_device_\(name)", labels: ["device"], type: .gauge) { [weak self] in
                self?.plan.devices.map { ([$0.device.name], value($0)) } ?? []
            }
        }
        show("budget_bytes") { Double($0.device.budget) }
        show("planned_bytes") { Double($0.bytes) }
        show("planned_replicas") { Double($0.replicas) }
        registry.collect("apus_model_device", labels: ["model", "version", "device"], type: .gauge) { [weak self] in
            self?.plan.assignments.map {
                ([$0.replica.id.name, "\($0.replica.id.version)", $0.device], Double($0.bytes))
            } ?? []
        }
        registry.collect("apus_model_without_place_bytes", labels: ["model", "version"], type: .gauge) { [weak self] in
            // Replicas of one version are one line.
            Dictionary(self?.plan.refusals.map { ($0.replica.id, $0.bytes) } ?? [], uniquingKeysWith: +).map {
                ([$0.key.name, "\($0.key.version)"], Double($0.value))
            }
        }
    }
}
