import ArgumentParser
import ServingConfig

/// Batching with TensorFlow Serving's parameters, in place of the scheduler's own.
struct BatchingOptions: ParsableArguments {
    @Flag(
        help: "Batch with the fixed parameters below, as TensorFlow Serving does, and not as the scheduler finds best."
    )
    var batching = false

    @Option(help: "Rows of the largest request and, without splitting, of the largest batch; 1000.")
    var maxBatchSize: Int64?

    @Option(help: "How long the first request of a batch waits for company, in microseconds; 0.")
    var batchTimeoutMicros: Int64?

    @Option(help: "Batches that wait in each queue at most; 10.")
    var maxEnqueuedBatches: Int64?

    @Option(help: "Threads that run the batches of all models; one for each core.")
    var batchThreads: Int64?

    @Option(
        help: ArgumentHelp(
            "Sizes that batches are filled up to, like 1,8,32. The last is the largest batch.",
            valueName: "sizes"
        )
    )
    var allowedBatchSizes: AllowedBatchSizes?

    @Flag(help: "Pad inputs of different lengths to the longest in their batch.")
    var padVariableLengthInputs = false

    @Flag(help: "Spread a request over several batches where it does not fit into one.")
    var splitLargeBatches = false

    @Option(help: "Rows of the largest batch where requests are split; --max-batch-size.")
    var maxExecutionBatchSize: Int64?

    @Flag(
        help: ArgumentHelp(
            "Read batching_params.pbtxt in the folder of each version in place of these options.",
            discussion: "A version without the file is not batched. --batch-threads counts for all."
        )
    )
    var perModelBatching = false

    struct AllowedBatchSizes: ExpressibleByArgument, Sendable {
        var sizes: [Int64] = []

        init?(argument: String) {
            for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
                guard let size = Int64(part) else { return nil }
                sizes.append(size)
            }
        }
    }

    func validate() throws {
        let values = [maxBatchSize, batchTimeoutMicros, maxEnqueuedBatches, batchThreads, maxExecutionBatchSize]
        let flags = [padVariableLengthInputs, splitLargeBatches, perModelBatching]
        if !batching, values.contains(where: { $0 != nil }) || flags.contains(true) || allowedBatchSizes != nil {
            throw ValidationError("Options for batching are given without --batching")
        }
        if maxExecutionBatchSize != nil, !splitLargeBatches {
            throw ValidationError("--max-execution-batch-size needs --split-large-batches")
        }
    }

    func apply(to configuration: inout ServerConfiguration) {
        guard batching else { return }
        var batching = ServerConfiguration.Batching()
        batching.isPerModel = perModelBatching
        batching.parameters.maximumBatchSize = maxBatchSize
        batching.parameters.batchTimeoutMicroseconds = batchTimeoutMicros
        batching.parameters.maximumEnqueuedBatches = maxEnqueuedBatches
        batching.parameters.batchThreads = batchThreads
        batching.parameters.allowedBatchSizes = allowedBatchSizes?.sizes ?? []
        batching.parameters.padsVariableLengthInputs = padVariableLengthInputs
        batching.parameters.splitsLargeBatches = splitLargeBatches
        batching.parameters.maximumExecutionBatchSize = maxExecutionBatchSize
        configuration.batching = batching
    }
}
