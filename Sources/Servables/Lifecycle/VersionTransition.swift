/// How a model gets from the versions it has to those it should have: what to unload and what to load when.
///
/// Each is a pure function of the model's versions, asked again after every change.
public enum VersionTransition: Sendable, Hashable {
    /// New versions load while the old ones serve: something always answers. Needs memory for both.
    case availabilityPreserving
    /// Old versions are gone before new ones load: needs memory for one, and nothing answers meanwhile.
    case resourcePreserving

    /// One version, as far as the decision looks at it.
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
        /// Loading or unloading: what happens next is decided already.
        case changing
        /// Failed.
        case ended
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

    package func actions(for versions: [Version]) -> Actions {
        switch self {
        case .availabilityPreserving: AvailabilityPreservingPolicy.actions(for: versions)
        case .resourcePreserving: ResourcePreservingPolicy.actions(for: versions)
        }
    }
}

extension [VersionTransition.Version] {
    /// Versions to begin with, highest first.
    var toLoad: [Int64] { filter { $0.isAspired && $0.phase == .new }.map(\.number).sorted(by: >) }

    /// Versions that answer although nobody asks for them any more, lowest first.
    var toUnload: [Int64] { filter { !$0.isAspired && $0.phase == .ready }.map(\.number).sorted() }
}
