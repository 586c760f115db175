import ServingConfig
import ServingPrimitives
import ServingProtos
import WireFormat

extension ModelServerFlags {
    /// - Throws: what is wrong with `--latency_slo`.
    func applyScheduling(to configuration: inout ServerConfiguration) throws(ServingError) {
        configuration.scheduling.batches = adaptiveBatching
        if !latencyObjectives.isEmpty { configuration.scheduling.objectives = try LatencyObjectives(latencyObjectives) }
        configuration.scheduling.paddedModels = Set(paddedModels.split(separator: ",").map(String.init))
    }

    /// What `--enable_batching` and its like ask for; `nil` leaves it to the scheduler.
    ///
    /// - Throws: the stock server's refusal of a parameters file without batching; what is wrong with the file.
    func batching() throws(ServingError) -> ServerConfiguration.Batching? {
        guard enablesBatching else {
            guard batchingParametersFile.isEmpty else {
                throw .invalidArgument(
                    "server_options.batching_parameters_file is set without setting server_options.enable_batching to "
                        + "true."
                )
            }
            return nil
        }
        var batching = ServerConfiguration.Batching()
        batching.isPerModel = perModelBatchingParameters
        if batchingParametersFile.isEmpty {
            batching.parameters.threadPoolName = "model_server_batch_threads"
        } else {
            batching.parameters = .init(
                try ConfigurationFile.read(batchingParametersFile, as: Tensorflow_Serving_BatchingParameters.self)
            )
        }
        return batching
    }
}
