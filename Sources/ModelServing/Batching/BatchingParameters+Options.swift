import Batching
import Inference
import ServingConfig
import ServingPrimitives

extension ServerConfiguration.BatchingParameters {
    /// TensorFlow's defaults (`SharedBatchScheduler::QueueOptions`).
    private static let defaultMaximumBatchSize: Int64 = 1000
    private static let defaultMaximumEnqueuedBatches: Int64 = 10

    /// How a version with these parameters is batched.
    ///
    /// - Throws: what is wrong with them, in TensorFlow Serving's words, which fails the load.
    func options() throws(ServingError) -> ModelBatchingOptions {
        let maximumSize = maximumBatchSize ?? Self.defaultMaximumBatchSize
        guard maximumSize > 0 else {
            throw .invalidArgument("input_batch_size_limit must be positive; was \(maximumSize)")
        }
        if let last = allowedBatchSizes.last, last != maximumSize {
            throw .invalidArgument(
                "Last entry in allowed_batch_sizes must match max_batch_size; last entry was \(last); expected "
                    + "\(maximumSize)"
            )
        }
        let limits = BatchLimits(
            maximumTaskSize: Int(maximumSize),
            maximumBatchSize: try executionSize(maximumSize),
            maximumWaitNanoseconds: try waitNanoseconds(),
            maximumEnqueuedBatches: try queueLength(),
            splitsTasks: splitsLargeBatches
        )
        return ModelBatchingOptions(
            limits: limits,
            allowedBatchSizes: allowedBatchSizes.map { Int($0) },
            padsVariableLengthInputs: padsVariableLengthInputs
        )
    }

    private func executionSize(_ maximumSize: Int64) throws(ServingError) -> Int {
        guard splitsLargeBatches, let size = maximumExecutionBatchSize else { return Int(maximumSize) }
        guard size > 0 else { throw .invalidArgument("max_execution_batch_size must be positive; was \(size)") }
        guard size <= maximumSize else {
            throw .invalidArgument(
                "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to "
                    + "max_execution_batch_size. They are \(maximumSize) and \(size)."
            )
        }
        return Int(size)
    }

    private func waitNanoseconds() throws(ServingError) -> UInt64 {
        let wait = batchTimeoutMicroseconds ?? 0
        guard wait >= 0 else { throw .invalidArgument("batch_timeout_micros must be non-negative; was \(wait)") }
        let (nanoseconds, overflow) = UInt64(wait).multipliedReportingOverflow(by: 1000)
        return overflow ? .max : nanoseconds
    }

    private func queueLength() throws(ServingError) -> Int {
        let length = maximumEnqueuedBatches ?? Self.defaultMaximumEnqueuedBatches
        // Many rarely used models say 0, TensorFlow's source says.
        if length == 0, !splitsLargeBatches { return 1 }
        guard length > 0 else { throw .invalidArgument("max_enqueued_batches must be positive; was \(length)") }
        return Int(length)
    }
}
