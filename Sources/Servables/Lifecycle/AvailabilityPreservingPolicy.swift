/// What should happen to the versions of one model: load first, unload when something else answers.
///
/// TensorFlow Serving's default policy and the only one its server uses. A version nobody asks for any more goes when
/// an aspired version is ready, when nothing is aspired, or when a newer one like it still serves. So a new version
/// that fails to load leaves the old one serving.
package enum AvailabilityPreservingPolicy {
    package static func actions(for versions: [VersionTransition.Version]) -> VersionTransition.Actions {
        let isAnyAspired = versions.contains { $0.isAspired }
        let isAspiredReady = versions.contains { $0.isAspired && $0.phase == .ready }
        var unload = versions.toUnload
        if isAnyAspired && !isAspiredReady { unload = unload.dropLast() }
        return .init(unload: unload, load: versions.toLoad)
    }
}
