/// Which version is loaded after which: requests that go through several models ask for them in the same order again and
/// again. Bounded; what is seen rarely is forgotten first.
package struct SuccessorTable: Sendable, Hashable {
    /// Versions remembered, and followers of each.
    static let maximumVersions = 4096
    static let maximumFollowers = 4
    /// A follower is expected when it came so often, and in that share of all times at least.
    static let leastCount = 3
    static let leastShare = 0.6

    private struct Followers: Sendable, Hashable {
        var total = 0
        var counts: [ServableID: Int] = [:]
    }

    private var followers: [ServableID: Followers] = [:]
    private var last: ServableID?

    package init() {}

    /// A version was asked for that was not in memory.
    package mutating func note(_ id: ServableID) {
        defer { last = id }
        guard let last, last != id else { return }
        if followers[last] == nil, followers.count >= Self.maximumVersions { followers = [:] }
        var entry = followers[last] ?? Followers()
        entry.total += 1
        if entry.counts[id] == nil, entry.counts.count >= Self.maximumFollowers,
            let rarest = entry.counts.min(by: { ($0.value, $0.key.name) < ($1.value, $1.key.name) })
        {
            entry.counts[rarest.key] = nil
        }
        entry.counts[id, default: 0] += 1
        followers[last] = entry
    }

    /// What is expected to be asked for after `id`; `nil` when nothing stands out.
    package func follower(of id: ServableID) -> ServableID? {
        guard let entry = followers[id], let best = entry.counts.max(by: { $0.value < $1.value }) else { return nil }
        guard best.value >= Self.leastCount, Double(best.value) >= Self.leastShare * Double(entry.total) else {
            return nil
        }
        return best.key
    }
}
