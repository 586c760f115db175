public import ServingPrimitives

/// What the cache holds and has done: what `/v1/cache`, the metrics and the command line show.
public struct CacheReport: Sendable, Hashable {
    public struct Version: Sendable, Hashable {
        public enum State: String, Sendable, Hashable {
            case atRest = "AT_REST"
            /// To be loaded as soon as there is room.
            case wanted = "WANTED"
            case loading = "LOADING"
            case resident = "RESIDENT"
            case unloading = "UNLOADING"
        }

        public var id: ServableID
        public var state: State
        /// `nil` for one whose files have not been looked at yet.
        public var cost: ServableCost?
        /// Where a copy of it is; empty where there are no devices to choose from.
        public var devices: [String]
        public var isPinned: Bool
        public var priority: Int
        public var lastUse: MonotonicTime?
        /// Requests that found it in memory, and that did not.
        public var hits: Int
        public var misses: Int
        public var loads: Int
        public var evictions: Int
        /// Versions in memory that have one copy with it, which counts once.
        public var sharesWith: [ServableID]
        /// Why its last load failed, or cannot be.
        public var error: ServingError?
    }

    public struct Eviction: Sendable, Hashable {
        public var id: ServableID
        public var reason: EvictionReason
        public var bytes: Int
        public var at: MonotonicTime
    }

    /// A device and what is on it.
    public struct Device: Sendable, Hashable {
        public var device: CacheDevice
        public var residentBytes = 0
        public var loadingBytes = 0
        public var unloadingBytes = 0

        public var usedBytes: Int { residentBytes + loadingBytes + unloadingBytes }
    }

    public var budget: Int
    /// `nil` where there are none to choose from.
    public var devices: [Device]?
    /// Sum of what the versions in memory cost, those that share a copy once.
    public var residentBytes: Int
    public var loadingBytes: Int
    public var unloadingBytes: Int
    /// Bytes that the process holds beyond those.
    public var overheadBytes: Int
    public var hits: Int
    public var misses: Int
    public var refusals: Int
    public var prefetches: Int
    public var usefulPrefetches: Int
    /// Loads, and nanoseconds that they took together.
    public var loads: Int
    public var loadNanoseconds: UInt64
    /// Nanoseconds from when versions were asked for until they were there, evictions included.
    public var swapNanoseconds: UInt64
    public var evictions: [EvictionReason: Int]
    /// Oldest first.
    public var lastEvictions: [Eviction]
    /// By name, newest version first.
    public var versions: [Version]
    /// When this was so.
    public var now: MonotonicTime

    /// Share of requests that found their version in memory; `nil` before the first.
    public var hitRatio: Double? { hits + misses > 0 ? Double(hits) / Double(hits + misses) : nil }
}
