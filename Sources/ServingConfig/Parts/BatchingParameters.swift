extension ServerConfiguration {
    /// `--enable_batching` and what belongs to it.
    public struct Batching: Sendable, Hashable {
        public var parameters = BatchingParameters()
        /// Reads `batching_params.pbtxt` of each version; one without the file is not batched.
        public var isPerModel = false

        public init() {}
    }

    /// TensorFlow Serving's `BatchingParameters` (`session_bundle_config.proto`); `nil` is its default.
    public struct BatchingParameters: Sendable, Hashable {
        /// Rows of the largest request and, without splitting, of the largest batch; 1000.
        public var maximumBatchSize: Int64?
        /// How long the oldest request of an open batch waits for company, in microseconds; 0.
        public var batchTimeoutMicroseconds: Int64?
        /// Length of each queue, in batches; 10.
        public var maximumEnqueuedBatches: Int64?
        /// Threads of the one pool that runs all batches; one for each core.
        public var batchThreads: Int64?
        public var threadPoolName: String?
        /// Ascending; a batch is filled up to the next of these. Empty: any size.
        public var allowedBatchSizes: [Int64] = []
        public var padsVariableLengthInputs = false
        public var splitsLargeBatches = false
        /// Largest batch that is run when splitting; `maximumBatchSize`.
        public var maximumExecutionBatchSize: Int64?

        public init() {}
    }
}
