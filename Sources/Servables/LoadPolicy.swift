/// How often, how patiently and in which order versions are loaded and unloaded.
public struct LoadPolicy: Sendable, Hashable {
    /// Tries after the first failure (`--max_num_load_retries`).
    public var maximumRetries: Int
    /// Pause between tries in nanoseconds (`--load_retry_interval_micros`).
    public var retryIntervalNanoseconds: UInt64
    /// Versions loading at the same time, once the first have been loaded.
    public var loadThreads: Int
    /// Versions loading at the same time until there is nothing more to load for the first time: nobody waits for an
    /// answer yet whom it could slow down.
    public var firstLoadThreads: Int
    /// Versions unloading at the same time.
    public var unloadThreads: Int
    public var transition: VersionTransition

    public init(
        maximumRetries: Int = 5,
        retryIntervalNanoseconds: UInt64 = 60_000_000_000,
        loadThreads: Int = 4,
        firstLoadThreads: Int? = nil,
        unloadThreads: Int = 4,
        transition: VersionTransition = .availabilityPreserving
    ) {
        self.maximumRetries = maximumRetries
        self.retryIntervalNanoseconds = retryIntervalNanoseconds
        self.loadThreads = loadThreads
        self.firstLoadThreads = firstLoadThreads ?? loadThreads
        self.unloadThreads = unloadThreads
        self.transition = transition
    }
}
