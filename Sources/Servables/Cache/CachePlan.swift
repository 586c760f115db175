package import ServingPrimitives

/// What to do about memory now: decided from a snapshot alone, before anything is done.
package struct CachePlan: Sendable, Hashable {
    package struct Eviction: Sendable, Hashable {
        package var id: ServableID
        package var reason: EvictionReason

        package init(_ id: ServableID, _ reason: EvictionReason) {
            self.id = id
            self.reason = reason
        }
    }

    package struct Refusal: Sendable, Hashable {
        package var id: ServableID
        package var error: ServingError
    }

    /// Least valuable first.
    package var evict: [Eviction] = []
    /// In this order. Each fits in what is free now.
    package var load: [ServableID] = []
    /// Where those are loaded, a copy on each; empty where there are no devices to choose from.
    package var devices: [ServableID: [String]] = [:]
    package var refuse: [Refusal] = []
    /// When to decide again, though nothing has happened until then.
    package var again: MonotonicTime?
}

extension CachePlan {
    package init(_ snapshot: CacheSnapshot) {
        self.init()
        var room = Room(snapshot)
        evictIdle(snapshot, &room)
        if snapshot.devices == nil {
            for want in snapshot.wants { decide(want, snapshot, &room) }
        } else {
            evictMisplaced(&room)
            for want in snapshot.wants { decideOnDevices(want, snapshot, &room) }
            relieveDevices(snapshot, &room)
        }
        makeHeadroom(snapshot, &room)
        for resident in room.stay where resident.idleAt.map({ $0 > snapshot.now }) ?? false {
            look(at: resident.idleAt)
        }
    }

    /// What is left to decide about, as decisions are made.
    struct Room {
        /// Bytes that nobody uses or is promised; less than nothing when more was promised than is free yet.
        var free: Int
        /// Bytes that are going to be free, and nobody is promised.
        var coming: Int
        /// Least valuable first.
        var stay: [CacheSnapshot.Resident]
        var devices: DeviceRooms

        init(_ snapshot: CacheSnapshot) {
            free = snapshot.budget - snapshot.usedBytes
            coming = snapshot.unloadingBytes
            devices = DeviceRooms(snapshot)
            let now = snapshot.now
            stay = snapshot.residents.map { ($0, snapshot.policy.value(of: $0, at: now)) }.sorted { a, b in
                (a.0.priority, a.1, a.0.id.name, a.0.id.version) < (b.0.priority, b.1, b.0.id.name, b.0.id.version)
            }.map(\.0)
        }

        /// Whether anything but what is pinned is there, or on its way in or out.
        func mayGrow(_ snapshot: CacheSnapshot) -> Bool {
            snapshot.loadingBytes > 0 || coming > 0 || stay.contains { !$0.isPinned }
        }
    }

    mutating func look(at time: MonotonicTime?) {
        guard let time else { return }
        again = min(again ?? time, time)
    }

    private mutating func evictIdle(_ snapshot: CacheSnapshot, _ room: inout Room) {
        let idle = room.stay.filter {
            !$0.isPinned && !$0.isBusy && $0.idleAt.map { $0 <= snapshot.now } ?? false
        }
        for resident in idle { take(resident, .idle, &room) }
    }

    mutating func take(_ resident: CacheSnapshot.Resident, _ reason: EvictionReason, _ room: inout Room) {
        room.stay.removeAll { $0.id == resident.id }
        room.coming += resident.bytes
        room.devices.leave(resident)
        evict.append(Eviction(resident.id, reason))
    }

    private mutating func decide(_ want: CacheSnapshot.Want, _ snapshot: CacheSnapshot, _ room: inout Room) {
        if let error = Self.refusal(of: want, snapshot) {
            return refuse.append(Refusal(id: want.id, error: error))
        }
        // What it takes for a moment may be more than there will ever be.
        let bytes = max(min(want.peakBytes, Self.available(to: want, snapshot)), want.bytes)
        // Room that is nobody's yet is enough reason to load in advance, a place in memory is not.
        if want.reason.waitsForRoom, bytes > room.free - snapshot.headroom { return }
        // What the process holds besides does not go away by waiting.
        if bytes <= room.free || (load.isEmpty && !room.mayGrow(snapshot)) {
            room.free -= bytes
            return load.append(want.id)
        }
        let missing = bytes - room.free - room.coming
        if missing > 0 {
            let victims = Self.victims(freeing: missing, of: room.stay, at: snapshot.now)
            for victim in victims { take(victim, .demand, &room) }
            if victims.isEmpty { lookWhenOthersMayGo(snapshot, room) }
        }
        // Promised: what comes later does not take it away.
        room.free -= bytes
    }

    /// Whoever is busy or new will not always be.
    mutating func lookWhenOthersMayGo(_ snapshot: CacheSnapshot, _ room: Room) {
        let release = room.stay.filter { !$0.isPinned }.map(\.staysUntil).filter { $0 > snapshot.now }.min()
        look(at: release ?? snapshot.now.advanced(byNanoseconds: Self.busyPause))
    }

    /// How soon to look again whether a version is still busy, in nanoseconds.
    private static let busyPause: UInt64 = 5_000_000

    /// The least valuable that together give so many bytes; none when all that may go do not.
    ///
    /// - Parameter share: what of a version counts.
    static func victims(
        freeing bytes: Int,
        of residents: [CacheSnapshot.Resident],
        at now: MonotonicTime,
        share: (CacheSnapshot.Resident) -> Int = \.bytes
    ) -> [CacheSnapshot.Resident] {
        var victims: [CacheSnapshot.Resident] = []
        var freed = 0
        for resident in residents where resident.mayGo(at: now) {
            guard freed < bytes else { break }
            victims.append(resident)
            freed += share(resident)
        }
        guard freed >= bytes else { return [] }
        // A large one at the end may have made some of the small ones before it needless.
        for resident in victims.reversed() where freed - share(resident) >= bytes {
            victims.removeAll { $0.id == resident.id }
            freed -= share(resident)
        }
        return victims
    }

    /// Evicts ahead of the next load, which would have to wait for it.
    private mutating func makeHeadroom(_ snapshot: CacheSnapshot, _ room: inout Room) {
        let missing = snapshot.headroom - room.free - room.coming
        guard missing > 0 else { return }
        let reason: EvictionReason =
            snapshot.usedBytes > snapshot.budget ? .overBudget : room.free < 0 ? .demand : .headroom
        if reason == .headroom, let later = Self.calm(snapshot, isLoading: !load.isEmpty) { return look(at: later) }
        var freed = 0
        for resident in room.stay where freed < missing && resident.mayGo(at: snapshot.now) {
            freed += resident.bytes
            take(resident, reason, &room)
        }
    }

    /// After a load has ended, in nanoseconds, its first run and those of others have the processor.
    private static let calmNanoseconds: UInt64 = 15_000_000

    /// When evictions that nobody waits for are in nobody's way: they take from loads and first runs what those need most,
    /// the allocator and page faults.
    ///
    /// - Returns: `nil` for now.
    private static func calm(_ snapshot: CacheSnapshot, isLoading: Bool) -> MonotonicTime? {
        if isLoading || snapshot.loadingBytes > 0 || !snapshot.wants.isEmpty {
            return snapshot.now.advanced(byNanoseconds: calmNanoseconds)
        }
        let calmAt = snapshot.lastLoad?.advanced(byNanoseconds: calmNanoseconds)
        return calmAt.flatMap { $0 > snapshot.now ? $0 : nil }
    }

    /// What may ever be there for a version: all but what is pinned.
    static func available(to want: CacheSnapshot.Want, _ snapshot: CacheSnapshot) -> Int {
        snapshot.residents.reduce(snapshot.budget) { $1.isPinned && $1.id != want.id ? $0 - $1.bytes : $0 }
    }

    static func refusal(of want: CacheSnapshot.Want, _ snapshot: CacheSnapshot) -> ServingError? {
        if want.bytes > snapshot.budget {
            return ServingError(
                .resourceExhausted,
                "\(want.id) needs \(ByteCount(want.bytes)) of memory, and all models together may use "
                    + "\(ByteCount(snapshot.budget))"
            )
        }
        let available = available(to: want, snapshot)
        guard want.bytes > available else { return nil }
        return ServingError(
            .resourceExhausted,
            "\(want.id) needs \(ByteCount(want.bytes)) of memory; of the \(ByteCount(snapshot.budget)) that all models "
                + "together may use, pinned models leave \(ByteCount(max(available, 0)))"
        )
    }
}

extension CacheSnapshot.Resident {
    func mayGo(at now: MonotonicTime) -> Bool { !isPinned && !isBusy && staysUntil <= now }
}

/// Bytes as people read them: `1536 bytes (1.5 KiB)`.
struct ByteCount: CustomStringConvertible {
    private let count: Int

    init(_ count: Int) { self.count = count }

    var description: String {
        guard count >= 1024 else { return "\(count) bytes" }
        var value = Double(count) / 1024
        var unit = 0
        while value >= 1024, unit < Self.units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return "\(count) bytes (\(tenths / 10).\(tenths % 10) \(Self.units[unit]))"
    }

    private static let units = ["KiB", "MiB", "GiB", "TiB"]
}
