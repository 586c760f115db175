import Servables
import ServingMetrics

extension MetricRegistry {
    /// Shows what the memory budget holds and what was done to keep it.
    func showCache(_ report: @escaping @Sendable () -> CacheReport?) {
        typealias Samples = [(values: [String], value: Double)]
        func show(
            _ name: String,
            _ type: CollectedSamples.Kind,
            labels: [String] = [],
            _ read: @escaping @Sendable (CacheReport) -> Samples
        ) {
            collect("apus_cache_\(name)", labels: labels, type: type) { report().map(read) ?? [] }
        }
        func show(
            _ name: String,
            _ type: CollectedSamples.Kind,
            _ value: @escaping @Sendable (CacheReport) -> Double
        ) {
            show(name, type) { [([], value($0))] }
        }
        show("budget_bytes", .gauge) { Double($0.budget) }
        show("used_bytes", .gauge) { Double($0.residentBytes + $0.loadingBytes + $0.unloadingBytes) }
        show("overhead_bytes", .gauge) { Double($0.overheadBytes) }
        show("resident_bytes", .gauge, labels: ["model", "version"]) { report in
            report.versions.filter { $0.state == .resident }.map { version in
                ([version.id.name, "\(version.id.version)"], Double(version.cost?.residentBytes ?? 0))
            }
        }
        show("shared_versions", .gauge) { Double($0.versions.count { !$0.sharesWith.isEmpty }) }
        show("hits_total", .counter) { Double($0.hits) }
        show("misses_total", .counter) { Double($0.misses) }
        show("refusals_total", .counter) { Double($0.refusals) }
        show("prefetches_total", .counter) { Double($0.prefetches) }
        show("useful_prefetches_total", .counter) { Double($0.usefulPrefetches) }
        show("loads_total", .counter) { Double($0.loads) }
        show("load_seconds_total", .counter) { Double($0.loadNanoseconds) / 1e9 }
        show("swap_seconds_total", .counter) { Double($0.swapNanoseconds) / 1e9 }
        show("evictions_total", .counter, labels: ["reason"]) { report in
            EvictionReason.allCases.map { ([$0.rawValue], Double(report.evictions[$0] ?? 0)) }
        }
    }
}
