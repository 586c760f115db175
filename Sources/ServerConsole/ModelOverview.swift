public import Servables

/// A model as the console lists it.
public struct ModelOverview: Sendable, Hashable {
    public struct Version: Sendable, Hashable {
        public var status: VersionStatus
        /// When it came into that state, in milliseconds since 1970.
        public var since: Int64?
    }

    public var name: String
    /// Newest first; empty when none was found yet.
    public var versions: [Version]

    /// Whether requests are answered.
    public var isAvailable: Bool { versions.contains(where: \.status.canAnswer) }
}
