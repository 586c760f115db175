import ModelSources
import ServingConfig

extension MonitoredModel {
    /// What to look for. The base path has been checked.
    ///
    /// - Parameter versions: served as well, where versions are asked for by number.
    init(_ model: ServerConfiguration.Model, _ stores: ServerConfiguration.Stores, keeping versions: Set<Int64> = []) {
        let path =
            switch BasePath(model.basePath) {
            case .absolute(let path): path
            case .store(let place): place.withoutSlashAtEnd
            case .otherFileSystem, .relative: model.basePath
            }
        var policy = VersionPolicy(model.versionPolicy)
        if case .specific(let asked) = policy { policy = .specific(asked.union(versions)) }
        self.init(
            name: model.name,
            basePath: path,
            policy: policy,
            settleNanoseconds: UInt64(clamping: model.settleMilliseconds ?? stores.settleMilliseconds) * 1_000_000,
            manifest: ManifestRule(model.checksums.checksums ?? stores.checksums)
        )
    }
}

extension ManifestRule {
    init(_ checksums: ServerConfiguration.Checksums) {
        self =
            switch checksums {
            case .verify: .verify
            case .require: .require
            case .ignore: .ignore
            }
    }
}

extension VersionPolicy {
    init(_ policy: ServerConfiguration.VersionPolicy) {
        self =
            switch policy {
            case .latest(let count): .latest(count)
            case .latestOnce(let count): .latestOnce(count)
            case .all: .all
            case .specific(let versions): .specific(Set(versions))
            }
    }
}
