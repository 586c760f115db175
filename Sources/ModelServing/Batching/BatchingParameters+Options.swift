import Batching
import Inference
import ServingConfig
import ServingPrimitives

extension ServerConfiguration.BatchingParameters {
    /// How a version with these parameters is batched.
    ///
    /// - Throws: the first of their problems, which fails the load.
    func options() throws(ServingError) -> ModelBatchingOptions {
        if let problem = problems().first { throw problem }
        let taskSize = maximumBatchSize ?? Self.defaultMaximumBatchSize
        let (wait, overflow) = UInt64(batchTimeoutMicroseconds ?? 0).multipliedReportingOverflow(by: 1000)
        let limits = BatchLimits(
            maximumTaskSize: Int(taskSize),
            maximumBatchSize: Int(splitsLargeBatches ? maximumExecutionBatchSize ?? taskSize : taskSize),
            maximumWaitNanoseconds: overflow ? .max : wait,
            maximumEnqueuedBatches: Int(max(maximumEnqueuedBatches ?? Self.defaultMaximumEnqueuedBatches, 1)),
            splitsTasks: splitsLargeBatches
        )
        return ModelBatchingOptions(
            limits: limits,
            allowedBatchSizes: allowedBatchSizes.map { Int($0) },
            padsVariableLengthInputs: padsVariableLengthInputs
        )
    }
}
