import ServingMetrics
import ServingPrimitives

/// Where batches are counted, under TensorFlow Serving's names.
struct BatchingMetrics: Sendable {
    private let inputBatchSize: Histogram
    private let queuingLatency: Histogram
    private let processedBatchSize: Histogram
    private let paddingSize: MetricFamily<Histogram>
    private let wrappedRunCount: Counter
    private let batchRows: Histogram
    private let batchRequests: Histogram
    private let batchPaddingRows: Counter

    /// - Parameter model: whose batches they are.
    init(_ metrics: ServerMetrics, model: String) {
        inputBatchSize = metrics.batchingInputBatchSize.cell([])
        // TensorFlow Serving leaves the name of the threads out.
        queuingLatency = metrics.batchingQueuingLatency.cell([""])
        processedBatchSize = metrics.batchingProcessedBatchSize.cell([])
        paddingSize = metrics.batchingPaddingSize
        wrappedRunCount = metrics.batchingWrappedRunCount.cell([])
        batchRows = metrics.batchRows.cell([model])
        batchRequests = metrics.batchRequests.cell([model])
        batchPaddingRows = metrics.batchPaddingRows.cell([model])
    }

    /// A request of so many rows came, with so many input tensors, each of which counts.
    func requestCame(rows: Int, inputs: Int) {
        for _ in 0..<inputs { inputBatchSize.record(Int64(rows)) }
    }

    /// A request, or a part of one, left the queue.
    func taskLeft(after nanoseconds: UInt64) { queuingLatency.record(Int64(clamping: nanoseconds / 1000)) }

    /// A batch of so many requests is about to run, with rows of theirs and others that fill it up.
    func batchFormed(requests: Int, rows: Int, executedRows: Int) {
        processedBatchSize.record(Int64(executedRows))
        batchRows.record(Int64(rows))
        batchRequests.record(Int64(requests))
        if executedRows > rows { batchPaddingRows.increment(by: Int64(executedRows - rows)) }
    }

    /// A batch gets rows beyond those of its tasks, or none. For batches with parameters: their sizes are bounded, and
    /// each has a series of its own.
    func batchPadded(rows: Int, executedRows: Int) {
        paddingSize.cell(["\(executedRows)"]).record(Int64(executedRows - rows))
    }

    func batchRan() { wrappedRunCount.increment() }
}
