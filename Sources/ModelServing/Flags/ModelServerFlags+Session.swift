public import ServingConfig
public import ServingPrimitives
import ServingProtos
import SwiftProtobuf

/// TensorFlow's session: `--tensorflow_session_config_file` and the flags that override parts of it.
extension ModelServerFlags {
    func applySession(to configuration: inout ServerConfiguration) throws(ServingError) {
        if !sessionConfigFile.isEmpty {
            try configuration.engine.readSession(from: sessionConfigFile)
        }
        try applyParallelism(to: &configuration.engine)
        if gpuMemoryFraction > 0 { configuration.engine.gpuMemoryFraction = gpuMemoryFraction }
        configuration.engine.mixedPrecision = mixedPrecision
    }

    /// Where no flag says how many threads, the session configuration does. (The stock server writes its flags over the
    /// file's numbers also where they are 0.) Negative numbers, which let TensorFlow run everything in the calling
    /// thread, mean our default: that is what it does.
    private func applyParallelism(to engine: inout ServerConfiguration.Engine) throws(ServingError) {
        if sessionParallelism > 0, intraOpParallelism > 0, interOpParallelism > 0 {
            throw .invalidArgument(
                "Either configure server_options.tensorflow_session_parallelism or "
                    + "(server_options.tensorflow_intra_op_parallelism, "
                    + "server_options.tensorflow_inter_op_parallelism) separately. You cannot configure all."
            )
        }
        if intraOpParallelism > 0 || interOpParallelism > 0 {
            if intraOpParallelism > 0 { engine.intraOpParallelism = intraOpParallelism }
            if interOpParallelism > 0 { engine.interOpParallelism = interOpParallelism }
        } else if sessionParallelism > 0 {
            engine.intraOpParallelism = sessionParallelism
            engine.interOpParallelism = sessionParallelism
        }
    }
}

extension ServerConfiguration.Engine {
    /// Takes the session configuration in a file: a `tensorflow.ConfigProto` in text format.
    ///
    /// - Throws: as `ConfigurationFile.read`.
    public mutating func readSession(from path: String) throws(ServingError) {
        setSession(try ConfigurationFile.read(path, as: Tensorflow_ConfigProto.self))
    }

    /// Takes a session configuration: the parts that have settings of their own here, and the rest as it is.
    mutating func setSession(_ config: Tensorflow_ConfigProto) {
        var rest = config
        intraOpParallelism = Int64(max(config.intraOpParallelismThreads, 0))
        interOpParallelism = Int64(max(config.interOpParallelismThreads, 0))
        rest.intraOpParallelismThreads = 0
        rest.interOpParallelismThreads = 0
        do {
            sessionConfig = try rest.serializedBytes()
        } catch {
            // Only a message of proto2, with required fields, can be incomplete.
            preconditionFailure("a ConfigProto cannot be serialized: \(error)")
        }
    }
}
