import EngineEmbedding
import ServingMetrics

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension MetricRegistry {
    /// Shows the tables of shards. A server that has none shows nothing.
    func showEmbeddings(_ statistics: @escaping @Sendable () -> [ServedTable]) {
        func show(
            _ name: String,
            _ type: CollectedSamples.Kind,
            _ value: @escaping @Sendable (TableStatistics) -> Double?
        ) {
            collect("apus_embedding_\(name)", labels: ["path", "table"], type: type) {
                statistics().compactMap { table in
                    value(table.statistics).map { (values: [table.path, table.name], value: $0) }
                }
            }
        }
        show("rows", .gauge) { Double($0.rows) }
        show("pushed_rows", .gauge) { Double($0.overlayRows) }
        show("bytes", .gauge) { Double($0.snapshotBytes + $0.overlayBytes) }
        show("refused_rows_total", .counter) { Double($0.refused) }
        show("seconds_since_last_update", .gauge) { statistics in
            guard statistics.lastUpdate > 0 else { return nil }
            return Double(max(0, time(nil) - Int(statistics.lastUpdate)))
        }
    }
}
