public import ServingPrimitives

/// A loaded version, as the manager keeps it: an opaque reference. What it can do is the loader's and caller's affair.
public protocol Servable: AnyObject, Sendable {
    /// Whether requests wait for it or run now: such a version is not evicted.
    var isBusy: Bool { get }
    /// Bytes that it takes more since the first request than when it was loaded; `nil` while that is not known.
    var preparedBytes: Int? { get }
    /// The copy in memory that it is served by, where that may serve others, too.
    var sharedCopy: SharedCopy? { get }
    /// Whether requests may have to wait for it, although it is loaded.
    var mayBeAway: Bool { get }
}

extension Servable {
    public var isBusy: Bool { false }
    public var preparedBytes: Int? { nil }

    public var sharedCopy: SharedCopy? { nil }

    public var mayBeAway: Bool { false }
}

/// Loads and unloads one version. Both calls block and run on a thread made for them, never on the cooperative pool
/// or an event loop.
public protocol ServableLoader: Sendable {
    func load() throws(ServingError) -> any Servable
    /// Whether to try again after `load` has thrown `error` is of no use.
    func isFinal(_ error: ServingError) -> Bool
    /// Called once, after the last lease on `servable` ended. Gives its memory back before it returns.
    func unload(_ servable: any Servable)
}

extension ServableLoader {
    public func isFinal(_ error: ServingError) -> Bool { false }
}

/// Makes the loader of a version that a source found.
public protocol ServableLoaderFactory: Sendable {
    func loader(for version: AspiredVersion) -> any ServableLoader

    /// As `loader(for:)`, of one that loads a copy on each of these devices; empty where the engine chooses.
    func loader(for version: AspiredVersion, on devices: [String]) -> any ServableLoader
}

extension ServableLoaderFactory {
    public func loader(for version: AspiredVersion, on devices: [String]) -> any ServableLoader { loader(for: version) }
}
