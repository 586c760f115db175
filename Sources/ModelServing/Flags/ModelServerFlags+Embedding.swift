public import ServingConfig
import ServingPrimitives

extension ModelServerFlags {
    /// - Throws: `INVALID_ARGUMENT` for a prefix without its folder, and an unknown word.
    func applyEmbedding(to configuration: inout ServerConfiguration) throws(ServingError) {
        for pair in embeddingPathPrefixes.split(separator: ",") {
            guard let prefix = ServerConfiguration.Embedding.PathPrefix(String(pair)) else {
                throw .invalidArgument("--embedding_path_prefixes has \(pair); expected FOREIGN=LOCAL")
            }
            configuration.embedding.pathPrefixes.append(prefix)
        }
        configuration.embedding.cacheFolder =
            embeddingCacheFolder.isEmpty ? nil : AbsolutePath.of(embeddingCacheFolder).withoutSlashAtEnd
        configuration.embedding.updateBytes = embeddingUpdateBytes
        configuration.embedding.journalBytes = embeddingJournalBytes
        guard let sync = ServerConfiguration.Embedding.JournalSync(rawValue: embeddingJournalSync) else {
            throw .invalidArgument(
                "--embedding_journal_sync is \(embeddingJournalSync); expected always, second or never"
            )
        }
        configuration.embedding.journalSync = sync
        configuration.embedding.usesHugePages = embeddingHugePages
    }
}

extension ServerConfiguration.Embedding.PathPrefix {
    /// `FOREIGN=LOCAL`: a foreign path may have an equals sign, a local one may not. A local one may be relative.
    public init?(_ text: String) {
        guard let separator = text.lastIndex(of: "=") else { return nil }
        let foreign = String(text[..<separator])
        let local = String(text[text.index(after: separator)...])
        guard !foreign.isEmpty, !local.isEmpty else { return nil }
        self.init(foreign: foreign, local: AbsolutePath.of(local))
    }
}
