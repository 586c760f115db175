/// How one model is treated under a memory budget.
public struct CacheSettings: Sendable, Hashable {
    /// Loaded as soon as it is known, and never evicted.
    public var isPinned: Bool
    /// Models of lower priority are evicted before any of a higher one.
    public var priority: Int
    /// Evicted when nobody has asked for it so long, in nanoseconds; `nil` keeps it as long as there is room.
    public var idleNanoseconds: UInt64?
    /// Not evicted sooner after its load, in nanoseconds; `nil` is as long as its load took, so that no version spends
    /// more time on the way in than in memory.
    public var minimumResidentNanoseconds: UInt64?
    public var devices: DeviceWishes

    public init(
        isPinned: Bool = false,
        priority: Int = 0,
        idleNanoseconds: UInt64? = nil,
        minimumResidentNanoseconds: UInt64? = nil,
        devices: DeviceWishes = DeviceWishes()
    ) {
        self.isPinned = isPinned
        self.priority = priority
        self.idleNanoseconds = idleNanoseconds
        self.minimumResidentNanoseconds = minimumResidentNanoseconds
        self.devices = devices
    }
}

/// A memory budget under which versions are known, and only those that are used are loaded.
public struct CacheOptions: Sendable {
    /// Bytes that all versions together may hold; `nil` for what the devices may hold together.
    public var budget: Int?
    /// Where versions are loaded, each with a budget of its own; `nil` where the engine chooses.
    public var devices: [CacheDevice]?
    /// Of models that say nothing of their own.
    public var defaults: CacheSettings
    /// Room that is kept free at the least, so that the next load need not wait for an eviction; a share of the budget. 0 keeps
    /// none free.
    public var headroomShare: Double
    /// Versions are loaded before they are asked for, where the history says that they are going to be.
    public var prefetches: Bool
    public var costs: any ServableCosts
    /// Whether memory or disk are busy: nothing is loaded in advance then. Blocks for some microseconds.
    public var isMachineBusy: @Sendable () -> Bool

    public init(
        budget: Int?,
        devices: [CacheDevice]? = nil,
        defaults: CacheSettings = CacheSettings(),
        headroomShare: Double = 0.02,
        prefetches: Bool = true,
        costs: any ServableCosts,
        isMachineBusy: @escaping @Sendable () -> Bool = { false }
    ) {
        self.budget = budget
        self.devices = devices
        self.defaults = defaults
        self.headroomShare = headroomShare
        self.prefetches = prefetches
        self.costs = costs
        self.isMachineBusy = isMachineBusy
    }
}
