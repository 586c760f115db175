public import ServingPrimitives

/// One version that should be served, and the folder it is in.
public struct AspiredVersion: Sendable, Hashable {
    public var id: ServableID
    public var path: String
    /// Why it must not be loaded, whatever an engine says; a load fails with it. `nil` for all others.
    public var defect: ServingError?

    public init(id: ServableID, path: String, defect: ServingError? = nil) {
        self.id = id
        self.path = path
        self.defect = defect
    }
}

/// All versions that one model should have now: always the whole list, never a change to it.
public struct AspiredVersions: Sendable, Hashable {
    public var model: String
    public var versions: [AspiredVersion]

    public init(model: String, versions: [AspiredVersion]) {
        self.model = model
        self.versions = versions
    }
}

/// Finds versions. A source never loads; it says what should be there, again and again, until its task is cancelled.
public protocol ModelSource: Sendable {
    func run(_ aspire: @escaping @Sendable (AspiredVersions) async -> Void) async
}
