import EngineEmbedding
import Logging
import ServingConfig

extension EmbeddingOptions {
    init(_ embedding: ServerConfiguration.Embedding, threads: Int, logger: Logger) {
        self.init(
            cacheFolder: embedding.cacheFolder ?? "\(UsersFolder.cache)/embeddings",
            pathPrefixes: embedding.pathPrefixes.map { PathPrefix(foreign: $0.foreign, local: $0.local) },
            updateBytes: Int(embedding.updateBytes),
            placement: embedding.usesHugePages ? .hugePages : .mapped,
            threads: threads,
            log: { logger.info("\($0)") }
        )
    }
}
