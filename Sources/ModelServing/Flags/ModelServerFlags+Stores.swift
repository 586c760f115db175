import ServingConfig
import ServingPrimitives

extension ModelServerFlags {
    /// - Throws: `INVALID_ARGUMENT` for a word that stands for nothing.
    func applyStores(to configuration: inout ServerConfiguration) throws(ServingError) {
        configuration.stores.settleMilliseconds = modelSettleMilliseconds
        configuration.stores.cacheFolder =
            storeCacheFolder.isEmpty ? nil : AbsolutePath.of(storeCacheFolder).withoutSlashAtEnd
        configuration.stores.cacheBytes = storeCacheBytes
        configuration.stores.versionBytes = modelFetchBytes
        configuration.stores.fetchConnections = Int(fetchConnections)
        configuration.stores.listSeconds = Int(storePollSeconds)
        guard let checksums = ServerConfiguration.Checksums(rawValue: modelChecksums) else {
            let words = ServerConfiguration.Checksums.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidArgument("--model_checksums is \(modelChecksums); expected one of \(words)")
        }
        configuration.stores.checksums = checksums
    }
}
