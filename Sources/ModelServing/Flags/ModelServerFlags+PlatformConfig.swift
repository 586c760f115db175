import ServingConfig
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import WireFormat

/// `--platform_config_file`: the settings of the TensorFlow platform as a message, in place of flags.
extension ModelServerFlags {
    private static let platform = "tensorflow"

    func applyPlatformConfigFile(to configuration: inout ServerConfiguration) throws(ServingError) {
        let map = try ConfigurationFile.read(platformConfigFile, as: Tensorflow_Serving_PlatformConfigMap.self)
        for (name, platform) in map.platformConfigs.sorted(by: { $0.key < $1.key }) {
            let adapter = try RegisteredConfig.unpack(
                platform.sourceAdapterConfig,
                as: Tensorflow_Serving_SavedModelBundleSourceAdapterConfig.self
            )
            guard name == Self.platform else {
                throw ServingError(
                    .unimplemented,
                    "\(platformConfigFile) configures the platform \(name); only \(Self.platform) can be configured"
                )
            }
            try configuration.setPlatform(adapter.legacyConfig)
        }
        if map.platformConfigs[Self.platform] == nil, let model = configuration.models.first {
            throw .invalidArgument("Model \(model.name) requests unsupported platform \(Self.platform)")
        }
    }

    /// `--thread_pool_factory_config_file`: no factory comes with the stock server either, so every content is refused.
    func checkThreadPoolFactory() throws(ServingError) {
        guard !threadPoolFactoryConfigFile.isEmpty else { return }
        let config = try ConfigurationFile.read(
            threadPoolFactoryConfigFile,
            as: Tensorflow_Serving_ThreadPoolFactoryConfig.self
        )
        throw RegisteredConfig.noFactory(for: try RegisteredConfig.typeName(config.threadPoolFactoryConfig))
    }
}

/// Settings that a part of the server is made from, chosen by the type of an Any.
private enum RegisteredConfig {
    static func unpack<M: Message>(_ any: Google_Protobuf_Any, as type: M.Type) throws(ServingError) -> M {
        let name = try typeName(any)
        guard name == M.protoMessageName else { throw noFactory(for: name) }
        do {
            return try M(serializedBytes: any.value)
        } catch {
            throw .invalidArgument("Malformed content of Any.value")
        }
    }

    /// - Throws: in the stock server's words, why there is no message of this type.
    static func typeName(_ any: Google_Protobuf_Any) throws(ServingError) -> String {
        let parts = any.typeURL.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, let name = parts.last, !name.isEmpty else {
            throw .invalidArgument("Supplied config's type_url could not be parsed: \(any.typeURL)")
        }
        guard TextFormat.knows(messageNamed: String(name)) else {
            throw .internalError("Unable to find compiled-in proto descriptor of type \(name)")
        }
        return String(name)
    }

    static func noFactory(for name: String) -> ServingError {
        .invalidArgument("Couldn't find factory for config proto message type \(name)")
    }
}

extension ServerConfiguration {
    /// Takes the settings of the TensorFlow platform. What the message leaves out has the message's own default, not
    /// that of the flag: warm-up, for one, is off.
    fileprivate mutating func setPlatform(_ config: Tensorflow_Serving_SessionBundleConfig) throws(ServingError) {
        if config.enableSavedModelConfig {
            throw ServingError(.unimplemented, "SessionBundleConfig: enable_saved_model_config is not implemented")
        }
        guard config.sessionTarget.isEmpty else {
            throw .invalidArgument(
                "SessionBundleConfig: session_target is \(config.sessionTarget); expected none. A cluster is named with "
                    + "--session_target, or session_target of apus { } in the configuration of a model"
            )
        }
        engine.setSession(config.sessionConfig)
        engine.loadThreadPool =
            config.hasSessionRunLoadThreadpoolIndex
            ? config.sessionRunLoadThreadpoolIndex.value : nil
        engine.mixedPrecision = config.mixedPrecision
        if config.hasBatchingParameters, !config.wrapSessionWithNoThreadingParams {
            var batching = Batching()
            batching.parameters = BatchingParameters(config.batchingParameters)
            batching.isPerModel = config.enablePerModelBatchingParams
            self.batching = batching
        }
        loading.savedModelTags = config.savedModelTags.isEmpty ? ["serve"] : config.savedModelTags
        loading.warmsUp = config.enableModelWarmup
        let options = config.modelWarmupOptions
        loading.warmUpIterations = options.hasNumRequestIterations ? max(Int(options.numRequestIterations.value), 1) : 1
        loading.warmUpThreads = min(max(Int(options.numModelWarmupThreads.value), 1), 256)
        loading.prefersTFLite = config.preferTfliteModel
        loading.tflitePools = max(
            Int(config.numTflitePools == 0 ? config.numTfliteInterpreters : config.numTflitePools),
            0
        )
        loading.tfliteInterpretersPerPool = max(Int(config.numTfliteInterpretersPerPool), 1)
        warnings +=
            MixedPrecision.warnings(config.mixedPrecision)
            + config.unusedFields.map {
                "SessionBundleConfig: \($0) is accepted and has no effect"
            }
    }
}

extension Tensorflow_Serving_SessionBundleConfig {
    /// Names of the fields that are set and that steer machinery this server does not have.
    fileprivate var unusedFields: [String] {
        let fields = [
            ("experimental_transient_ram_bytes_during_load", experimentalTransientRamBytesDuringLoad != 0),
            ("in_graph_batching_parameters", hasInGraphBatchingParameters),
            ("experimental_fixed_input_tensors", !experimentalFixedInputTensors.isEmpty),
            ("enable_session_metadata", enableSessionMetadata),
            ("resource_estimation_uses_validation_result", resourceEstimationUsesValidationResult),
        ]
        return fields.filter(\.1).map(\.0)
    }
}
