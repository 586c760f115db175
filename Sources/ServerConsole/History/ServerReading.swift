import Inference
import Servables
import ServingMetrics
import ServingPrimitives

/// The server's counters at one moment. Two of them make a sample.
struct ServerReading: Sendable {
    struct Model: Sendable {
        var failed: Int64 = 0
        /// Microseconds that inference requests took which succeeded.
        var latencies: BucketCounts?
        var waiting = 0
    }

    var time = MonotonicTime(nanoseconds: 0)
    /// Milliseconds since 1970.
    var date: Int64 = 0
    var process = ProcessUsage()
    /// Runs of batches, and their rows.
    var runs: Int64 = 0
    var rows: Int64 = 0
    var models: [String: Model] = [:]
}

extension ServerReading {
    /// Takes what `metrics` say now. Failures are counted for every kind of request, times only for inference.
    mutating func read(_ metrics: ServerMetrics) {
        for (values, cell) in metrics.requestCount.usedCells() where values[1] != CanonicalCode.ok.name {
            models[values[0], default: Model()].failed += cell.value
        }
        // GET requests for states and signatures have no name of an API.
        for (values, cell) in metrics.requestLatency.usedCells() where !values[1].isEmpty {
            let counts = BucketCounts(cell)
            let earlier = models[values[0]]?.latencies
            models[values[0], default: Model()].latencies = earlier?.adding(counts) ?? counts
        }
        for (_, cell) in metrics.batchingProcessedBatchSize.usedCells() {
            runs += cell.counts.reduce(0, &+)
            rows += cell.sum
        }
    }
}
