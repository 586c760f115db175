/// Versions in memory on devices, and plans for them.
extension ServableLifecycle {
    /// The devices that there are now. What is on one that is gone leaves it, and comes back where there is room.
    package mutating func setDevices(_ devices: [CacheDevice]) -> [Effect] {
        guard cache?.devices != nil else { return [] }
        cache?.devices = devices
        // What had no place may have one now.
        for model in cache?.pinnedModels ?? [] { wantPinned(model) }
        return takeEffects()
    }

    /// Carries out a plan: loads versions where there is room for them, and has others leave their devices for those that
    /// were planned. Ignores what has changed since.
    package mutating func arrange(_ devices: [ServableID: [String]]) -> [Effect] {
        guard cache?.devices != nil, !isClosing else { return [] }
        for (id, devices) in devices.sorted(by: { ($0.key.name, $0.key.version) < ($1.key.name, $1.key.version) }) {
            guard let entry = cache?.entries[id], let record = models[id.name]?.records[id.version] else { continue }
            switch record.phase {
            case .resting:
                cache?.update(id) { $0.plannedDevices = devices }
                wantForPlacement(id)
            case .ready where Set(entry.devices) != Set(devices):
                cache?.update(id) { $0.plannedDevices = devices }
                evict(CachePlan.Eviction(id, .placement))
            default: break
            }
        }
        return takeEffects()
    }

    /// What a plan wants in memory, or what left its device for another.
    mutating func wantForPlacement(_ id: ServableID) {
        let isPinned = cache?.settings(of: id.name).isPinned ?? false
        cache?.want(id, isPinned ? .pin : .placement, at: now)
    }

    /// Every version that is known, for a plan; by name.
    package func knownVersions() -> [KnownVersion] {
        guard let cache else { return [] }
        return cache.entries.compactMap { id, entry -> KnownVersion? in
            guard let record = models[id.name]?.records[id.version], record.isAspired else { return nil }
            let settings = cache.settings(of: id.name)
            return KnownVersion(
                version: record.version,
                cost: entry.cost,
                devices: cache.places[id] == .unloading ? [] : entry.devices,
                isPinned: settings.isPinned,
                priority: settings.priority,
                frequency: entry.history.frequency(at: now),
                wishes: settings.devices
            )
        }.sorted { ($0.version.id.name, $0.version.id.version) < ($1.version.id.name, $1.version.id.version) }
    }
}

/// A version under a memory budget, as a plan for devices sees it.
public struct KnownVersion: Sendable, Hashable {
    public var version: AspiredVersion
    /// `nil` for one whose files have not been looked at yet.
    public var cost: ServableCost?
    /// Where it is in memory, or is being loaded; empty for one at rest.
    public var devices: [String]
    /// Never evicted.
    public var isPinned: Bool
    public var priority: Int
    /// Uses, of which those that were long ago count less.
    public var frequency: Double
    public var wishes: DeviceWishes
}

extension CacheLedger {
    /// Versions on their way in and out.
    var passing: [CacheSnapshot.Passing] {
        places.compactMap { id, place -> CacheSnapshot.Passing? in
            guard place != .resident, let entry = entries[id], let cost = entry.cost else { return nil }
            var version = CacheSnapshot.Passing(
                id,
                on: entry.devices,
                bytes: cost.residentBytes,
                peakBytes: cost.peakBytes,
                isLeaving: place == .unloading
            )
            version.wishes = settings(of: id.name).devices
            return version
        }
    }

    /// Which limit a version that was loaded has turned out to be beyond, as the end of a sentence.
    func limit(exceededBy cost: ServableCost, on names: [String]) -> String? {
        if cost.residentBytes > budget { return "all models together may use \(ByteCount(budget))" }
        let small = (devices ?? []).first { names.contains($0.name) && cost.residentBytes > $0.budget }
        return small.map { "\($0.name) may hold \(ByteCount($0.budget))" }
    }

    var deviceReports: [CacheReport.Device]? {
        guard let devices else { return nil }
        return devices.map { device in
            var report = CacheReport.Device(device: device)
            for (id, place) in places {
                guard let entry = entries[id], let cost = entry.cost, entry.devices.contains(device.name) else {
                    continue
                }
                switch place {
                case .resident: report.residentBytes += cost.residentBytes
                case .loading: report.loadingBytes += cost.peakBytes
                case .unloading: report.unloadingBytes += cost.residentBytes
                }
            }
            return report
        }
    }
}
