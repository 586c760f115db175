import ServingConfig
import ServingPrimitives
import ServingProtos
import WireFormat

extension ModelServerFlags {
    /// What `--enable_batching` and its like ask for; `nil` when requests are not batched.
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
