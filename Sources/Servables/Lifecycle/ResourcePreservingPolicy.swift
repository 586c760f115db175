/// What should happen to the versions of one model: unload first, load when all that goes is gone.
///
/// TensorFlow Serving has this policy as a class that its server does not use. A version that nobody asks for any more
/// goes at once, and none is loaded before it is gone. So a new version that fails leaves the model without any.
package enum ResourcePreservingPolicy {
    package static func actions(for versions: [VersionTransition.Version]) -> VersionTransition.Actions {
        let isAnyGoing = versions.contains { !$0.isAspired && $0.phase != .ended }
        return .init(unload: versions.toUnload, load: isAnyGoing ? [] : versions.toLoad)
    }
}
