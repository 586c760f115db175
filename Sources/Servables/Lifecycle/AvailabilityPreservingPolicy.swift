/// What should happen to the versions of one model: load first, unload when something else answers.
///
/// TensorFlow Serving's default policy and the only one its server uses. A version nobody asks for any more goes when
/// an aspired version is ready, when nothing is aspired, or when a newer one like it still serves. So a new version
/// that fails to load leaves the old one serving.
package enum AvailabilityPreservingPolicy {
    /// One version, as far as the policy looks at it.
    package struct Version: Sendable, Hashable {
        package var number: Int64
        package var isAspired: Bool
        package var phase: Phase

        package init(_ number: Int64, isAspired: Bool, _ phase: Phase) {
            self.number = number
            self.isAspired = isAspired
            self.phase = phase
        }
    }

    package enum Phase: Sendable, Hashable {
        /// Nothing done yet.
        case new
        /// Requests reach it.
        case ready
        /// Loading, unloading or ended: what happens next is decided already.
        case settled
    }

    /// What to do now, in this order.
    package struct Actions: Sendable, Hashable {
        /// Lowest number first.
        package var unload: [Int64]
        /// Highest number first.
        package var load: [Int64]

        package init(unload: [Int64] = [], load: [Int64] = []) {
            self.unload = unload
            self.load = load
        }
    }

    package static func actions(for versions: [Version]) -> Actions {
        let isAnyAspired = versions.contains { $0.isAspired }
        let isAspiredReady = versions.contains { $0.isAspired && $0.phase == .ready }
        let load = versions.filter { $0.isAspired && $0.phase == .new }.map(\.number).sorted(by: >)
        var unload = versions.filter { !$0.isAspired && $0.phase == .ready }.map(\.number).sorted()
        if isAnyAspired && !isAspiredReady { unload = unload.dropLast() }
        return Actions(unload: unload, load: load)
    }
}
