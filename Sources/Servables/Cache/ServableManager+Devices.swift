import ServingPrimitives
import Synchronization

/// Versions under a memory budget on devices of which each has one, too.
extension ServableManager {
    /// The devices that there are now. What is on one that is gone leaves it.
    public func setDevices(_ devices: [CacheDevice]) { perform { $0.setDevices(devices) } }

    /// Every version that is known, with what it costs; looks at files where nobody did: blocks. Empty without a budget.
    public func knownVersions() -> [KnownVersion] {
        guard let cache else { return [] }
        let versions = control.withLock { control in
            control.lifecycle.now = clock()
            return control.lifecycle.knownVersions()
        }
        return versions.map { known in
            var known = known
            known.cost = known.cost ?? cache.costs.expected(known.version)
            return known
        }
    }

    /// Bytes that all versions together may take before room for the next load would be made.
    public var budgetForLoadsAhead: Int {
        guard let cache, let budget = cache.budget else { return .max }
        return budget - Int(Double(budget) * cache.headroomShare)
    }

    /// Loads versions on these devices where there is room, and has those that are on others leave them. Waits for
    /// nothing.
    public func arrange(_ devices: [ServableID: [String]]) { perform { $0.arrange(devices) } }
}
