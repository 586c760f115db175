public import ServingConfig
public import ServingProtos
import SwiftProtobuf

extension ServerConfiguration.BatchingParameters {
    /// What a `BatchingParameters` message says, whether or not it makes sense.
    public init(_ message: Tensorflow_Serving_BatchingParameters) {
        self.init()
        if message.hasMaxBatchSize { maximumBatchSize = message.maxBatchSize.value }
        if message.hasBatchTimeoutMicros { batchTimeoutMicroseconds = message.batchTimeoutMicros.value }
        if message.hasMaxEnqueuedBatches { maximumEnqueuedBatches = message.maxEnqueuedBatches.value }
        if message.hasNumBatchThreads { batchThreads = message.numBatchThreads.value }
        if message.hasThreadPoolName { threadPoolName = message.threadPoolName.value }
        allowedBatchSizes = message.allowedBatchSizes
        padsVariableLengthInputs = message.padVariableLengthInputs
        splitsLargeBatches = message.hasEnableLargeBatchSplitting && message.enableLargeBatchSplitting.value
        if message.hasMaxExecutionBatchSize { maximumExecutionBatchSize = message.maxExecutionBatchSize.value }
    }
}
