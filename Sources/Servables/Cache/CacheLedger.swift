package import ServingPrimitives

/// What is known of versions under a memory budget: what they cost, how they are used, and which of them are wanted. A
/// plain value, kept by the lifecycle.
package struct CacheLedger: Sendable {
    /// What is remembered of a version from when it is known until it is known no more.
    package struct Entry: Sendable {
        package let counter: UseCounter
        fileprivate var countedUses = 0
        package var history = UseHistory()
        package var cost: ServableCost?
        package var isBeingEstimated = false
        /// Since when requests reach it; `nil` while they do not.
        package var loadedAt: MonotonicTime?
        package var loadBegan: MonotonicTime?
        package var isBusy: @Sendable () -> Bool = { false }
        /// Asks the version in memory what its first request added.
        package var preparedBytes: @Sendable () -> Int? = { nil }
        /// What that was, this time or the last; part of `cost` once the version has been loaded.
        fileprivate var prepared = 0
        fileprivate var isPreparedKnown = false
        package var lastLoadReason: LoadReason?
        /// Whether it was loaded in advance and nobody has asked for it since.
        package var isUnprovenPrefetch = false
        package var misses = 0
        package var loads = 0
        package var evictions = 0
        /// Failed loads one after the other.
        package var failures = 0
        package var failure: ServingError?
        package var retryAt: MonotonicTime?
        /// Its load began only when room had been made for it.
        package var wantedAt: MonotonicTime?
        /// Where its copies are, or are being loaded.
        package var devices: [String] = []
        /// Where a plan wants it.
        package var plannedDevices: [String] = []
        /// Evicted to be loaded elsewhere.
        package var isToReturn = false

        package var hits: Int { counter.value }
        package var copies: Int { max(devices.count, 1) }
        /// Of all copies.
        package var bytes: Int { (cost?.residentBytes ?? 0) * copies }
    }

    package enum Place: Sendable, Hashable {
        case loading
        case resident
        case unloading
    }

    package let options: CacheOptions
    /// `nil` where the engine chooses.
    package var devices: [CacheDevice]?
    package private(set) var entries: [ServableID: Entry] = [:]
    package private(set) var places: [ServableID: Place] = [:]
    package private(set) var wants: [ServableID: LoadReason] = [:]
    /// Oldest first.
    private var wantOrder: [ServableID] = []
    private var settings: [String: CacheSettings] = [:]
    /// What operators have pinned and unpinned, whatever the configuration says.
    private var pins: [String: Bool] = [:]
    package private(set) var evictions: [EvictionReason: Int] = [:]
    package private(set) var lastEvictions: [CacheReport.Eviction] = []
    package private(set) var swaps = DurationSum()
    package private(set) var loads = DurationSum()
    package private(set) var prefetches = 0
    package private(set) var usefulPrefetches = 0
    package var refusals = 0
    /// What the largest of the last loads took, faded with each load since.
    private var recentLoadBytes = 0
    /// When a load last ended.
    package private(set) var lastLoad: MonotonicTime?
    /// Hits of versions that are known no more.
    private var hitsOfForgotten = 0
    private var missesOfForgotten = 0
    package var successors = SuccessorTable()
    /// Whether a version was ever found to share a copy: until then nothing is looked for.
    package private(set) var hasSharedCopies = false
    private static let rememberedEvictions = 64

    package init(_ options: CacheOptions) {
        self.options = options
        devices = options.devices
    }

    /// Bytes that all versions together may hold.
    package var budget: Int { options.budget ?? (devices ?? []).reduce(0) { $0 + max($1.budget, 0) } }

    // MARK: Settings

    package mutating func configure(_ settings: [String: CacheSettings]) {
        self.settings = settings
        // Where one of a group is decided, all of it is.
        var decided: [String: [String]] = [:]
        for (_, settings) in settings.sorted(by: { $0.key < $1.key }) where !settings.devices.pins.isEmpty {
            guard let group = settings.devices.together, decided[group] == nil else { continue }
            decided[group] = settings.devices.pins
        }
        for (name, settings) in settings where settings.devices.pins.isEmpty {
            guard let pins = settings.devices.together.flatMap({ decided[$0] }) else { continue }
            self.settings[name]?.devices.pins = pins
        }
    }

    package mutating func pin(_ model: String, _ isPinned: Bool) { pins[model] = isPinned }

    package func settings(of model: String) -> CacheSettings {
        var settings = settings[model] ?? options.defaults
        if let isPinned = pins[model] { settings.isPinned = isPinned }
        return settings
    }

    package var pinnedModels: [String] {
        Set(settings.keys).union(pins.keys).filter { self.settings(of: $0).isPinned }.sorted()
    }

    // MARK: Versions

    package mutating func know(_ id: ServableID) {
        if entries[id] == nil { entries[id] = Entry(counter: UseCounter()) }
    }

    package mutating func forget(_ id: ServableID) {
        unwant(id)
        places[id] = nil
        guard let entry = entries.removeValue(forKey: id) else { return }
        hitsOfForgotten += entry.hits
        missesOfForgotten += entry.misses
    }

    package mutating func update(_ id: ServableID, _ body: (inout Entry) -> Void) {
        guard var entry = entries[id] else { return }
        body(&entry)
        entries[id] = entry
    }

    package mutating func place(_ id: ServableID, _ place: Place?) {
        places[id] = place
        if place == nil { entries[id]?.devices = [] }
    }

    /// What the version is expected to cost, unless that is known.
    package mutating func estimated(_ id: ServableID, _ cost: ServableCost) {
        if cost.copy != nil { hasSharedCopies = true }
        update(id) {
            $0.isBeingEstimated = false
            $0.cost = $0.cost ?? cost
        }
    }

    /// Whether the version is to be loaded, for a reason that is at least as good.
    package mutating func want(_ id: ServableID, _ reason: LoadReason, at now: MonotonicTime) {
        if let before = wants[id] {
            if before.waitsForRoom { wants[id] = reason }
            return
        }
        wants[id] = reason
        wantOrder.append(id)
        update(id) { $0.wantedAt = now }
    }

    package mutating func unwant(_ id: ServableID) {
        guard wants.removeValue(forKey: id) != nil else { return }
        wantOrder.removeAll { $0 == id }
    }

    /// Takes over the uses that requests have counted since.
    package mutating func observe(at now: MonotonicTime) {
        for (id, place) in places where place == .resident {
            guard var entry = entries[id] else { continue }
            if !entry.isPreparedKnown, let bytes = entry.preparedBytes() {
                entry.isPreparedKnown = true
                entry.cost?.grow(by: bytes - entry.prepared)
                entry.prepared = bytes
                entries[id] = entry
            }
            let uses = entry.counter.value
            guard uses > entry.countedUses else { continue }
            entry.history.note(uses - entry.countedUses, at: now)
            entry.countedUses = uses
            if entry.isUnprovenPrefetch { usefulPrefetches += 1 }
            entry.isUnprovenPrefetch = false
            entries[id] = entry
        }
    }

    /// A request asked for a version that is not in memory.
    package mutating func miss(_ id: ServableID, at now: MonotonicTime) {
        update(id) {
            $0.misses += 1
            $0.history.note(1, at: now)
        }
        if options.prefetches { successors.note(id) }
    }

    package mutating func loaded(_ id: ServableID, _ cost: ServableCost, at now: MonotonicTime) {
        place(id, .resident)
        guard var entry = entries[id] else { return }
        // Without a budget of shared copies nobody has the number of another.
        if let copy = cost.copy, !hasSharedCopies {
            hasSharedCopies = places.contains { $0.key != id && entries[$0.key]?.cost?.copy == copy }
        }
        entry.cost = cost
        // Until the first request of this load has told.
        entry.cost?.grow(by: entry.prepared)
        entry.isPreparedKnown = false
        entry.loadedAt = now
        entry.loads += 1
        entry.failures = 0
        (entry.failure, entry.retryAt) = (nil, nil)
        entry.isUnprovenPrefetch = entry.lastLoadReason == .prefetch
        if entry.isUnprovenPrefetch { prefetches += 1 }
        lastLoad = now
        loads.add(cost.loadNanoseconds)
        if let wantedAt = entry.wantedAt { swaps.add(now.nanoseconds(since: wantedAt)) }
        entries[id] = entry
    }

    package mutating func evicted(_ id: ServableID, _ reason: EvictionReason, at now: MonotonicTime) {
        update(id) { $0.evictions += 1 }
        evictions[reason, default: 0] += 1
        let eviction = CacheReport.Eviction(id: id, reason: reason, bytes: entries[id]?.bytes ?? 0, at: now)
        if lastEvictions.count >= Self.rememberedEvictions { lastEvictions.removeFirst() }
        lastEvictions.append(eviction)
    }

    // MARK: Room

    /// A version is about to be loaded.
    package mutating func noteSize(of id: ServableID) {
        recentLoadBytes = max(entries[id]?.cost?.peakBytes ?? 0, recentLoadBytes - recentLoadBytes / 8)
    }

    /// Bytes to keep free, so that the next load need not wait for an eviction: as much as loads have taken lately, up to a
    /// tenth of the budget.
    package var headroom: Int {
        // Where only the devices limit, one may be filled by a single version.
        guard options.headroomShare > 0, let budget = options.budget else { return 0 }
        let least = Int(Double(budget) * options.headroomShare)
        return max(least, min(recentLoadBytes, budget / 10))
    }

    // MARK: Sums

    package var hits: Int { entries.values.reduce(hitsOfForgotten) { $0 + $1.hits } }

    package var misses: Int { entries.values.reduce(missesOfForgotten) { $0 + $1.misses } }

    /// Wanted versions of known cost, in the order in which they are served: those that requests wait for first, and of
    /// these the ones of higher priority.
    package var wantsInOrder: [CacheSnapshot.Want] {
        let ranked = wantOrder.enumerated().sorted { a, b in rank(a) < rank(b) }
        return ranked.compactMap { _, id in
            guard let entry = entries[id], let cost = entry.cost, let reason = wants[id], places[id] == nil else {
                return nil
            }
            let settings = settings(of: id.name)
            var want = CacheSnapshot.Want(
                id,
                bytes: cost.residentBytes,
                peakBytes: cost.peakBytes,
                reason: reason,
                isPinned: settings.isPinned
            )
            want.wishes = settings.devices
            want.plannedDevices = entry.plannedDevices
            return want
        }
    }

    private func rank(_ want: (offset: Int, element: ServableID)) -> (Int, Int, Int) {
        let urgency =
            switch wants[want.element] {
            case .demand: 0
            case .pin, .renewal: 1
            case .prefetch, .placement, nil: 2
            }
        return (urgency, -settings(of: want.element.name).priority, want.offset)
    }
}

/// Durations added up.
package struct DurationSum: Sendable, Hashable {
    package private(set) var count = 0
    package private(set) var nanoseconds: UInt64 = 0

    mutating func add(_ duration: UInt64) {
        count += 1
        nanoseconds &+= duration
    }
}
