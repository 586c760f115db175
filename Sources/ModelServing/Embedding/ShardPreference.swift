import EngineEmbedding
import EngineInterface
import ServingPrimitives

/// Serves versions that are shards of embeddings from their tables, and all others with `other`, whose graphs may have such tables
/// in themselves.
struct ShardPreference: InferenceEngine {
    let shards: EmbeddingEngine
    let other: any InferenceEngine
    var name: String { other.name }

    func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        if let shard = try shards.loadIfShard(request) { return shard }
        var request = request
        request.tableKeeper = shards
        return try other.load(request)
    }

    /// A shard is changed by its clients: every version has its own.
    func canShare(_ request: LoadRequest) -> Bool { !shards.isShard(request) && other.canShare(request) }
}
