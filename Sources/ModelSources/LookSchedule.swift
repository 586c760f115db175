import ServingPrimitives

/// When each watch is looked at next. Watches that are due at about the same time are looked at together: each time that
/// something is done costs more than a look.
struct LookSchedule {
    /// Watches by when they are due.
    private var rounds: [MonotonicTime: [UInt64]] = [:]

    var next: MonotonicTime? { rounds.keys.min() }

    /// - Parameter grid: nanoseconds between rounds; 0 keeps the time as it is. The time is less than that earlier.
    mutating func add(_ id: UInt64, at time: MonotonicTime, grid: UInt64) {
        rounds[Self.round(time, grid), default: []].append(id)
    }

    /// Takes out the watches that are due, those that have waited longest first.
    mutating func takeDue(_ now: MonotonicTime) -> [UInt64] {
        let times = rounds.keys.filter { $0 <= now }.sorted()
        return times.flatMap { rounds.removeValue(forKey: $0) ?? [] }
    }

    private static func round(_ time: MonotonicTime, _ grid: UInt64) -> MonotonicTime {
        grid > 0 ? MonotonicTime(nanoseconds: time.nanoseconds - time.nanoseconds % grid) : time
    }
}
