public import ServingPrimitives

extension ServerConfiguration.BatchingParameters {
    /// TensorFlow's defaults (`SharedBatchScheduler::QueueOptions`).
    public static let defaultMaximumBatchSize: Int64 = 1000
    public static let defaultMaximumEnqueuedBatches: Int64 = 10

    /// Everything that is wrong with them, in TensorFlow Serving's words where it has any.
    public func problems() -> [ServingError] {
        var problems: [ServingError] = []
        func report(_ message: String) { problems.append(.invalidArgument(message)) }

        let size = maximumBatchSize ?? Self.defaultMaximumBatchSize
        if let last = allowedBatchSizes.last, last != size {
            report(
                "Last entry in allowed_batch_sizes must match max_batch_size; last entry was \(last); expected \(size)"
            )
        }
        if size < 1 { report("input_batch_size_limit must be positive; was \(size)") }
        if let timeout = batchTimeoutMicroseconds, timeout < 0 {
            report("batch_timeout_micros must be non-negative; was \(timeout)")
        }
        // Many rarely used models say 0, TensorFlow's source says: it means 1.
        if let count = maximumEnqueuedBatches, count < (splitsLargeBatches ? 1 : 0) {
            report("max_enqueued_batches must be positive; was \(count)")
        }
        if splitsLargeBatches, let executed = maximumExecutionBatchSize {
            if executed < 1 { report("max_execution_batch_size must be positive; was \(executed)") }
            if executed > size {
                report(
                    "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to "
                        + "max_execution_batch_size. They are \(size) and \(executed)."
                )
            }
        }
        return problems
    }

    /// What is wrong with the parameters of the threads, which all models share.
    func threadProblems() -> [ServingError] {
        guard let batchThreads, !(1...4096).contains(batchThreads) else { return [] }
        return [
            .invalidArgument(
                batchThreads < 1
                    ? "num_batch_threads must be positive; was \(batchThreads)"
                    : "num_batch_threads is \(batchThreads); expected a number from 1 to 4096"
            )
        ]
    }
}
