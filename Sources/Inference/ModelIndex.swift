public import Servables

/// Which models there are and how their versions stand, in the terms of the Open Inference Protocol's repository
/// extension.
public enum ModelIndex {
    /// One version, or a model without any.
    public struct Entry: Sendable, Hashable {
        public var name: String
        /// Empty for a model of which no version was ever seen.
        public var version = ""
        /// `READY` (also a model at rest, which a request loads), `LOADING`, `UNLOADING` or `UNAVAILABLE`; empty for a model of which no version was ever seen.
        public var state = ""
        /// Why a version is not available or at rest; empty when there is nothing to say.
        public var reason = ""

        public init(name: String, version: String = "", state: String = "", reason: String = "") {
            self.name = name
            self.version = version
            self.state = state
            self.reason = reason
        }
    }

    /// - Parameters:
    ///   - names: of the models, in the order of the answer.
    ///   - readyOnly: leaves out what cannot answer requests.
    ///   - versions: of a model, newest first.
    public static func entries(
        of names: [String],
        readyOnly: Bool = false,
        versions: (String) -> [VersionStatus]
    ) -> [Entry] {
        names.flatMap { name in
            let all = versions(name).map { entry(name, $0) }
            if readyOnly { return all.filter { $0.state == "READY" } }
            return all.isEmpty ? [Entry(name: name)] : all
        }
    }

    private static func entry(_ name: String, _ status: VersionStatus) -> Entry {
        var entry = Entry(name: name, version: "\(status.version)")
        entry.state =
            switch status.state {
            case .start where status.canAnswer: "READY"
            case .start where status.isAtRest: "UNAVAILABLE"
            case .start, .loading: "LOADING"
            case .available: "READY"
            case .unloading: "UNLOADING"
            case .end: "UNAVAILABLE"
            }
        entry.reason = status.error.map { "\($0)" } ?? (status.state == .end ? "unloaded" : status.message)
        return entry
    }
}
