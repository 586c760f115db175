import EngineInterface
import Servables
import ServingConfig

extension ServerConfiguration {
    /// Tells before a version is loaded which copy in memory it is going to share. What runs elsewhere shares none, and
    /// where models are placed nobody knows yet on which device.
    func copyExpectation(
        _ sharing: SharingEngine?,
        _ processes: EngineProcesses,
        _ targets: SessionTargets
    ) -> @Sendable (AspiredVersion) -> UInt64? {
        guard let sharing, placement == nil else { return { _ in nil } }
        return { [tags = loading.savedModelTags] version in
            guard processes.engine(for: version.id) == nil, targets.engine(for: version.id) == nil else { return nil }
            return sharing.expectedCopy(of: LoadRequest(path: version.path, tags: tags))
        }
    }
}
