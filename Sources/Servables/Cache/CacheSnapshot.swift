package import ServingPrimitives

/// Everything that a decision about memory looks at.
package struct CacheSnapshot: Sendable, Hashable {
    /// A version in memory that requests reach.
    package struct Resident: Sendable, Hashable {
        package var id: ServableID
        /// Of all its copies.
        package var bytes: Int
        package var reloadNanoseconds: UInt64
        package var frequency: Double
        package var lastUse: MonotonicTime
        package var priority = 0
        /// Pinned: never evicted.
        package var isPinned = false
        /// Requests are using it now.
        package var isBusy = false
        /// Not evicted before, for it has just been loaded.
        package var staysUntil = MonotonicTime(nanoseconds: 0)
        /// Evicted from then on when nobody uses it.
        package var idleAt: MonotonicTime?
        /// When it is asked for next, in a simulation that knows.
        package var nextUse: MonotonicTime?
        /// One copy is on each.
        package var devices: [String] = []
        package var wishes = DeviceWishes()

        package init(
            _ id: ServableID,
            bytes: Int,
            reloadNanoseconds: UInt64 = 0,
            frequency: Double = 1,
            lastUse: MonotonicTime = MonotonicTime(nanoseconds: 0)
        ) {
            self.id = id
            self.bytes = bytes
            self.reloadNanoseconds = reloadNanoseconds
            self.frequency = frequency
            self.lastUse = lastUse
        }
    }

    /// A version that is to be loaded.
    package struct Want: Sendable, Hashable {
        package var id: ServableID
        /// At the most while it loads. As `bytes`, of one copy.
        package var peakBytes: Int
        /// Once it is loaded.
        package var bytes: Int
        package var reason: LoadReason
        package var isPinned: Bool
        package var wishes = DeviceWishes()
        /// Devices that a plan chose: taken where they are as good as others.
        package var plannedDevices: [String] = []

        package init(
            _ id: ServableID,
            bytes: Int,
            peakBytes: Int? = nil,
            reason: LoadReason = .demand,
            isPinned: Bool = false
        ) {
            self.id = id
            self.bytes = bytes
            self.peakBytes = peakBytes ?? bytes
            self.reason = reason
            self.isPinned = isPinned
        }
    }

    /// A version on its way in or out, where there are devices.
    package struct Passing: Sendable, Hashable {
        package var id: ServableID
        package var devices: [String]
        /// On each of them.
        package var bytes: Int
        package var peakBytes: Int
        package var wishes = DeviceWishes()
        package var isLeaving: Bool

        package init(_ id: ServableID, on devices: [String], bytes: Int, peakBytes: Int? = nil, isLeaving: Bool) {
            self.id = id
            self.devices = devices
            self.bytes = bytes
            self.peakBytes = peakBytes ?? bytes
            self.isLeaving = isLeaving
        }
    }

    package var budget: Int
    /// Each has a budget of its own beside that of all; `nil` where versions are on none in particular.
    package var devices: [CacheDevice]?
    /// Their bytes are in `loadingBytes` and `unloadingBytes` as well.
    package var passing: [Passing] = []
    /// Room to keep free beyond what is wanted now.
    package var headroom = 0
    package var residents: [Resident] = []
    /// In the order in which they are served.
    package var wants: [Want] = []
    /// Bytes of versions that are being loaded, at the most.
    package var loadingBytes = 0
    /// Bytes of versions on their way out: not free yet.
    package var unloadingBytes = 0
    /// Bytes that the process holds beyond all of those.
    package var overheadBytes = 0
    /// When a load last ended.
    package var lastLoad: MonotonicTime?
    package var now: MonotonicTime
    package var policy = EvictionPolicy.costAware

    package init(budget: Int, now: MonotonicTime = MonotonicTime(nanoseconds: 0)) {
        self.budget = budget
        self.now = now
    }

    /// Bytes in use.
    package var usedBytes: Int {
        residents.reduce(loadingBytes + unloadingBytes + overheadBytes) { $0 + $1.bytes }
    }
}

/// Why a version is loaded.
public enum LoadReason: String, Sendable, Hashable {
    /// A request waits for it.
    case demand
    /// The model it is a newer version of is in use.
    case renewal
    case pin
    /// It is expected to be asked for.
    case prefetch
    /// A plan wants it in memory, or on another device.
    case placement

    /// Whether room that nobody uses is enough reason to load it, and nothing is evicted for it.
    var waitsForRoom: Bool { self == .prefetch || self == .placement }
}

/// Why a version was taken out of memory.
public enum EvictionReason: String, Sendable, Hashable, CaseIterable {
    /// Another version needed its room.
    case demand
    /// So that the next load finds room.
    case headroom
    /// Nobody asked for it for the time that its model may stay unused.
    case idle
    /// More is in memory than the budget allows.
    case overBudget
    /// It is to be on another device, or its device is gone.
    case placement
}
