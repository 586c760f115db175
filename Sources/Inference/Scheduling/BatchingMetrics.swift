import ServingMetrics
import ServingPrimitives

/// Where batches are counted, under TensorFlow Serving's names.
struct BatchingMetrics: Sendable {
    private let inputBatchSize: Histogram
    private let queuingLatency: Histogram
    private let processedBatchSize: Histogram
    private let paddingSize: MetricFamily<Histogram>
    private let wrappedRunCount: Counter

    init(_ metrics: ServerMetrics) {
        inputBatchSize = metrics.batchingInputBatchSize.cell([])
        // TensorFlow Serving leaves the name of the threads out.
        queuingLatency = metrics.batchingQueuingLatency.cell([""])
        processedBatchSize = metrics.batchingProcessedBatchSize.cell([])
        paddingSize = metrics.batchingPaddingSize
        wrappedRunCount = metrics.batchingWrappedRunCount.cell([])
    }

    /// A request of so many rows came, with so many input tensors, each of which counts.
    func requestCame(rows: Int, inputs: Int) {
        for _ in 0..<inputs { inputBatchSize.record(Int64(rows)) }
    }

    /// A request, or a part of one, left the queue.
    func taskLeft(after nanoseconds: UInt64) { queuingLatency.record(Int64(clamping: nanoseconds / 1000)) }

    /// A batch of that size is about to run.
    func batchFormed(executedRows: Int) { processedBatchSize.record(Int64(executedRows)) }

    /// A batch gets rows beyond those of its tasks, or none. For batches with parameters: their sizes are bounded, and
    /// each has a series of its own.
    func batchPadded(rows: Int, executedRows: Int) {
        paddingSize.cell(["\(executedRows)"]).record(Int64(executedRows - rows))
    }

    func batchRan() { wrappedRunCount.increment() }
}
