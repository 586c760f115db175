public import ServingPrimitives

/// What is known, less haste: what is taken out of a layout counts for a moment longer.
///
/// A layout is made of nodes, and changed one by one: who publishes it anew, or into a store that has lost it, takes nothing
/// back by that. To unload a shard for it, and load it again, would cost more than the moment. A plain value.
public struct SettlingCluster: Sendable, Hashable {
    /// What is in force.
    public private(set) var known: KnownCluster
    private let nanoseconds: UInt64
    /// What the layout has no more, and since when.
    private var missing: [SavedModelName: MonotonicTime] = [:]

    /// - Parameter nanoseconds: how long that is.
    public init(_ known: KnownCluster = KnownCluster(), nanoseconds: UInt64 = 2_000_000_000) {
        self.known = known
        self.nanoseconds = nanoseconds
    }

    /// Takes what the store says now, or said last.
    ///
    /// - Returns: in how many nanoseconds to take it again; `nil` when nothing is held back.
    public mutating func take(_ latest: KnownCluster, at now: MonotonicTime) -> UInt64? {
        guard let layout = latest.layout, let before = known.layout else {
            known = latest
            return nil
        }
        let names = Set(layout.map(\.name))
        var wait: UInt64?
        var kept: [SavedModelName: MonotonicTime] = [:]
        for name in before.map(\.name) where !names.contains(name) {
            let since = missing[name] ?? now
            let age = now.nanoseconds(since: since)
            guard age < nanoseconds else { continue }
            kept[name] = since
            wait = min(wait ?? .max, nanoseconds - age)
        }
        missing = kept
        known = latest.keeping(Set(kept.keys), of: known)
        return wait
    }
}

extension KnownCluster {
    /// With parts of another layout, and the routes to them.
    fileprivate func keeping(_ names: Set<SavedModelName>, of other: KnownCluster) -> KnownCluster {
        guard !names.isEmpty else { return self }
        return with(
            layout: (layout ?? []) + (other.layout ?? []).filter { names.contains($0.name) },
            routes: routes.merging(
                other.routes.filter { route in names.contains { $0.description == route.key } }
            ) { own, _ in own }
        )
    }
}
