import EngineEmbedding
import EngineInterface
import EngineLiteRT
import ServingConfig
import ServingPrimitives

/// Serves the `model.tflite` of a version where there is one, else what `other` finds (`--prefer_tflite_model`).
struct TFLitePreference: InferenceEngine {
    let tflite: LiteRTEngine
    let other: any InferenceEngine
    var name: String { other.name }

    func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        try LiteRTEngine.hasModel(in: request.path) ? tflite.load(request) : other.load(request)
    }

    func canShare(_ request: LoadRequest) -> Bool {
        LiteRTEngine.hasModel(in: request.path) ? tflite.canShare(request) : other.canShare(request)
    }
}

extension ServerConfiguration {
    /// What loads versions: that of embeddings for their shards, TFLite's where it is preferred, else `engine`.
    func engine(besides engine: any InferenceEngine, shards: EmbeddingEngine, cores: Int) -> any InferenceEngine {
        let engine = ShardPreference(shards: shards, other: engine)
        guard loading.prefersTFLite else { return engine }
        let options = LiteRTOptions(
            libraryPath: loading.liteRTLibraryPath,
            interpreters: loading.tflitePools > 0 ? loading.tflitePools : cores,
            interpretersPerPool: loading.tfliteInterpretersPerPool
        )
        return TFLitePreference(tflite: LiteRTEngine(options: options), other: engine)
    }
}
