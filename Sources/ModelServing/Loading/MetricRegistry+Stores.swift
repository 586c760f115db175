import ModelStores
import ServingMetrics

extension MetricRegistry {
    /// Shows what was fetched from stores. A server that has asked none shows nothing.
    func showStores(_ statistics: @escaping @Sendable () -> StoreStatistics?) {
        func show(
            _ name: String,
            _ type: CollectedSamples.Kind,
            _ value: @escaping @Sendable (StoreStatistics) -> Double
        ) {
            collect("apus_store_\(name)", labels: [], type: type) {
                statistics().map { [(values: [], value: value($0))] } ?? []
            }
        }
        show("fetches_total", .counter) { Double($0.fetches) }
        show("fetch_failures_total", .counter) { Double($0.failures) }
        show("resumed_fetches_total", .counter) { Double($0.resumed) }
        show("fetched_bytes_total", .counter) { Double($0.bytes) }
        show("cache_hits_total", .counter) { Double($0.cacheHits) }
        show("listing_failures_total", .counter) { Double($0.listingFailures) }
        show("cache_bytes", .gauge) { Double($0.cachedBytes) }
    }
}
