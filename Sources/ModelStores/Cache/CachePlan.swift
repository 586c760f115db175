import ServingPrimitives

/// What has to leave the cache for something new to come in: decided before anything is done.
enum CachePlan {
    struct Entry: Hashable {
        var key: String
        /// In nanoseconds since 1970.
        var lastUse: Int64
        /// Served, or being fetched.
        var isNeeded: Bool
    }

    enum Step: Hashable {
        case fits
        /// Remove this one and ask again: entries may share files, so that nobody knows what that frees.
        case remove(String)
        /// Nothing is left to remove.
        case refuse
    }

    /// - Parameters:
    ///   - used: bytes of the cache now.
    ///   - needed: bytes that come.
    static func step(_ entries: [Entry], used: Int64, needed: Int64, limit: Int64) -> Step {
        if used <= limit, needed <= limit - used { return .fits }
        let victim = entries.filter { !$0.isNeeded }.min { ($0.lastUse, $0.key) < ($1.lastUse, $1.key) }
        return victim.map { .remove($0.key) } ?? .refuse
    }
}
