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
