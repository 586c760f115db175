public import ServingPrimitives

/// Where a version is in its life. Raw values are those of TensorFlow Serving's `ModelVersionStatus.State`.
public enum ServableState: Int32, Sendable, Hashable, CaseIterable {
    /// Known, nothing done yet.
    case start = 10
    /// Load (with its retries) is running.
    case loading = 20
    /// Requests reach it.
    case available = 30
    /// No new request reaches it; the last answers are being written.
    case unloading = 40
    /// Unloaded, or failed to load. Stays listed until the process ends.
    case end = 50

    public var name: String {
        switch self {
        case .start: "START"
        case .loading: "LOADING"
        case .available: "AVAILABLE"
        case .unloading: "UNLOADING"
        case .end: "END"
        }
    }
}

/// What GetModelStatus says of one version. `error` is the reason of a failed load, or why an available version does
/// not answer at the moment.
public struct VersionStatus: Sendable, Hashable {
    public var version: Int64
    public var state: ServableState
    public var error: ServingError?
    /// Under a memory budget: known and not in memory. The first request loads it.
    public var isAtRest: Bool

    public init(version: Int64, state: ServableState, error: ServingError? = nil, isAtRest: Bool = false) {
        self.version = version
        self.state = state
        self.error = error
        self.isAtRest = isAtRest
    }

    /// Whether a request for it is answered: at once, or when it is loaded.
    public var canAnswer: Bool { state == .available || (isAtRest && error == nil) }

    /// Whether it is, as far as anybody knows: one that is available may be in trouble, and says why.
    public var answersWell: Bool { canAnswer && error == nil }

    /// The reason of a failure, or what there is to say of a version that is at rest; empty for all others.
    public var message: String { error?.message ?? (isAtRest ? Self.atRest : "") }

    private static let atRest = "The version is known and at rest; a request loads it"
}
