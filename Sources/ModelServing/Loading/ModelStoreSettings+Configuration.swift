import ModelStores
import ServingConfig

extension ModelStoreSettings {
    init(_ stores: ServerConfiguration.Stores) {
        self.init(
            cacheFolder: stores.cacheFolder ?? UsersFolder.cache,
            cacheBytes: stores.cacheBytes,
            versionBytes: stores.versionBytes,
            connections: stores.fetchConnections,
            listSeconds: stores.listSeconds
        )
    }
}
