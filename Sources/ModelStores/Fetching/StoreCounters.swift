import Synchronization

/// What was fetched from stores since the start.
final class StoreCounters: Sendable {
    let fetches = Atomic<Int>(0)
    let failures = Atomic<Int>(0)
    let resumed = Atomic<Int>(0)
    let bytes = Atomic<Int>(0)
    let cacheHits = Atomic<Int>(0)
    let listingFailures = Atomic<Int>(0)
}

/// What was fetched from stores since the start, and what is kept of it.
public struct StoreStatistics: Sendable, Hashable {
    /// Versions that were fetched, and tries that failed.
    public var fetches: Int
    public var failures: Int
    /// Fetches, also failed ones, that found parts of an earlier one.
    public var resumed: Int
    /// Received from stores, as parts of versions.
    public var bytes: Int
    /// Versions that were in the local cache when they were first asked for.
    public var cacheHits: Int
    public var listingFailures: Int
    /// Of the local cache.
    public var cachedBytes: Int64
}

extension StoreStatistics {
    init(_ counters: StoreCounters, cachedBytes: Int64) {
        fetches = counters.fetches.load(ordering: .relaxed)
        failures = counters.failures.load(ordering: .relaxed)
        resumed = counters.resumed.load(ordering: .relaxed)
        bytes = counters.bytes.load(ordering: .relaxed)
        cacheHits = counters.cacheHits.load(ordering: .relaxed)
        listingFailures = counters.listingFailures.load(ordering: .relaxed)
        self.cachedBytes = cachedBytes
    }
}
