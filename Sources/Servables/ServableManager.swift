public import ServingPrimitives

/// How often and how patiently versions are loaded.
public struct LoadPolicy: Sendable, Hashable {
    /// Tries after the first failure (`--max_num_load_retries`).
    public var maximumRetries: Int
    /// Pause between tries in nanoseconds (`--load_retry_interval_micros`).
    public var retryIntervalNanoseconds: UInt64
    /// Versions loading at the same time.
    public var loadThreads: Int

    public init(maximumRetries: Int = 5, retryIntervalNanoseconds: UInt64 = 60_000_000_000, loadThreads: Int = 4) {
        self.maximumRetries = maximumRetries
        self.retryIntervalNanoseconds = retryIntervalNanoseconds
        self.loadThreads = loadThreads
    }
}

/// Keeps the versions that should be served loaded, and says which one answers a request.
public final class ServableManager: Sendable {
    public init(
        loaders: any ServableLoaderFactory,
        policy: LoadPolicy = LoadPolicy(),
        clock: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) {
        fatalError()
    }

    /// Replaces the set of versions that `versions.model` should have.
    public func aspire(_ versions: AspiredVersions) { fatalError() }

    /// Pins the version that `choice` names.
    ///
    /// - Throws: `NOT_FOUND` `Servable not found for request: Latest(NAME)` / `Specific(NAME, N)`;
    ///   `INVALID_ARGUMENT` `Unrecognized servable version label: L`.
    public func lease(_ name: String, _ choice: VersionChoice) throws(ServingError) -> ServableLease { fatalError() }

    /// Every version of the model seen since start, newest first; empty for an unknown model.
    public func status(of name: String) -> [VersionStatus] { fatalError() }

    /// Names of all models ever aspired, sorted.
    public var modelNames: [String] { fatalError() }

    /// Calls `observer` after every change of a state, from the thread that made the change, with no lock held.
    public func observe(_ observer: @escaping @Sendable (ServableID, VersionStatus) -> Void) { fatalError() }

    /// Unloads everything: stops loads and retries, waits until leases are returned, unloads. Nothing is aspired after.
    public func shutdown() async { fatalError() }
}
