import ModelSources
import ServingConfig

extension MonitoredModel {
    /// What to look for. The base path has been checked.
    init(_ model: ServerConfiguration.Model) {
        let path = if case .absolute(let path) = BasePath(model.basePath) { path } else { model.basePath }
        self.init(name: model.name, basePath: path, policy: VersionPolicy(model.versionPolicy))
    }
}

extension VersionPolicy {
    init(_ policy: ServerConfiguration.VersionPolicy) {
        self =
            switch policy {
            case .latest(let count): .latest(count)
            case .all: .all
            case .specific(let versions): .specific(Set(versions))
            }
    }
}
