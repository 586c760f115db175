import EngineEmbedding
import Logging
import ServingConfig

extension EmbeddingOptions {
    init(_ embedding: ServerConfiguration.Embedding, threads: Int, logger: Logger) {
        self.init(
            cacheFolder: embedding.cacheFolder ?? "\(UsersFolder.cache)/embeddings",
            pathPrefixes: embedding.pathPrefixes.map { PathPrefix(foreign: $0.foreign, local: $0.local) },
            updateBytes: Int(embedding.updateBytes),
            journalBytes: Int(embedding.journalBytes),
            journalSync: JournalSync(embedding.journalSync),
            placement: embedding.usesHugePages ? .hugePages : .mapped,
            threads: threads,
            log: { logger.info("\($0)") }
        )
    }
}

extension JournalSync {
    fileprivate init(_ sync: ServerConfiguration.Embedding.JournalSync) {
        switch sync {
        case .always: self = .always
        case .second: self = .second
        case .never: self = .never
        }
    }
}
