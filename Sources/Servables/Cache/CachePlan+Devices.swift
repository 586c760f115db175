import ServingPrimitives

/// Versions that are loaded on devices, each of which has a budget of its own beside that of all.
///
/// A version goes where it costs least: where there is room, else where what has to be evicted for it is worth least; of
/// equal devices to the one that a plan chose, then to the emptiest.
extension CachePlan {
    /// A device for one copy of a version.
    private struct Offer {
        var device: Int
        var bytes: Int
        var victims: [CacheSnapshot.Resident]
        /// There is room now.
        var isReady: Bool
        /// Bytes that nothing may be evicted for now; an offer with some is only a place to wait for.
        var missing: Int
        /// The less the better: priority and worth of what goes, whether it has to be waited for, whether it is elsewhere
        /// than planned, and how full the device is then.
        var rank: (Int, Double, Int, Int, Double)
    }

    /// What is where it must not be goes, in use or not, to be loaded elsewhere.
    mutating func evictMisplaced(_ room: inout Room) {
        let rooms = room.devices
        for resident in room.stay where !(rooms.has(resident.devices) && resident.wishes.allow(resident.devices)) {
            take(resident, .placement, &room)
        }
    }

    /// Where versions turned out to take more than their device may hold.
    mutating func relieveDevices(_ snapshot: CacheSnapshot, _ room: inout Room) {
        for (index, device) in room.devices.devices.enumerated() where room.devices.excess[index] > 0 {
            for resident in room.stay where resident.isOn(device) && resident.mayGo(at: snapshot.now) {
                guard room.devices.excess[index] > 0 else { break }
                take(resident, .overBudget, &room)
            }
        }
    }

    mutating func decideOnDevices(_ want: CacheSnapshot.Want, _ snapshot: CacheSnapshot, _ room: inout Room) {
        if let error = Self.deviceRefusal(of: want, snapshot) ?? Self.refusal(of: want, snapshot) {
            return refuse.append(Refusal(id: want.id, error: error))
        }
        var offers: [Offer] = []
        for copy in 0..<max(want.wishes.copies, want.wishes.pins.count, 1) {
            let all = Self.offers(to: want, copy, beside: offers, snapshot, room)
            let offer = all.filter { $0.missing == 0 }.min { $0.rank < $1.rank }
            if let offer, !want.reason.waitsForRoom || offer.isReady {
                offers.append(offer)
            } else if copy == 0 {
                return wait(for: all, want, snapshot, &room)
            }
        }
        settle(want, offers, snapshot, &room)
    }

    /// There is no place now. What comes later does not take the one that is nearest to be.
    private mutating func wait(
        for offers: [Offer],
        _ want: CacheSnapshot.Want,
        _ snapshot: CacheSnapshot,
        _ room: inout Room
    ) {
        guard !want.reason.waitsForRoom else { return }
        lookWhenOthersMayGo(snapshot, room)
        guard let nearest = offers.min(by: { $0.missing < $1.missing }) else { return }
        room.free -= nearest.bytes
        room.devices.promise(want, [(nearest.device, nearest.bytes)])
    }

    /// Loads, or makes room, where all together may use so much.
    private mutating func settle(
        _ want: CacheSnapshot.Want,
        _ offers: [Offer],
        _ snapshot: CacheSnapshot,
        _ room: inout Room
    ) {
        let most = offers.reduce(0) { $0 + $1.bytes }
        let bytes = max(min(most, Self.available(to: want, snapshot)), want.bytes * offers.count)
        if want.reason.waitsForRoom, bytes > room.free - snapshot.headroom { return }
        let fits = bytes <= room.free || (load.isEmpty && !room.mayGrow(snapshot))
        if fits, offers.allSatisfy(\.isReady) {
            load.append(want.id)
            devices[want.id] = offers.map { room.devices.devices[$0.device].name }
        } else {
            makeRoom(of: bytes, offers.flatMap(\.victims), snapshot, &room)
        }
        room.free -= bytes
        room.devices.promise(want, offers.map { ($0.device, $0.bytes) })
    }

    private mutating func makeRoom(
        of bytes: Int,
        _ victims: [CacheSnapshot.Resident],
        _ snapshot: CacheSnapshot,
        _ room: inout Room
    ) {
        var victims = victims
        let missing = bytes - room.free - room.coming - victims.reduce(0) { $0 + $1.bytes }
        if missing > 0 {
            let going = Set(victims.map(\.id))
            let more = Self.victims(
                freeing: missing,
                of: room.stay.filter { !going.contains($0.id) },
                at: snapshot.now
            )
            if more.isEmpty { return lookWhenOthersMayGo(snapshot, room) }
            victims += more
        }
        for victim in victims { take(victim, .demand, &room) }
    }

    // MARK: Offers

    private static func offers(
        to want: CacheSnapshot.Want,
        _ copy: Int,
        beside others: [Offer],
        _ snapshot: CacheSnapshot,
        _ room: Room
    ) -> [Offer] {
        let taken = Set(others.map(\.device))
        let going = others.flatMap(\.victims)
        return candidates(for: want, copy, snapshot, room).filter { !taken.contains($0) }.compactMap {
            offer(of: $0, to: want, copy, going, snapshot, room)
        }
    }

    /// Where a copy may be: where its pin says, else beside what it belongs to, else anywhere.
    private static func candidates(
        for want: CacheSnapshot.Want,
        _ copy: Int,
        _ snapshot: CacheSnapshot,
        _ room: Room
    ) -> [Int] {
        let rooms = room.devices
        if copy < want.wishes.pins.count { return rooms.places([want.wishes.pins[copy]]) }
        guard let group = want.wishes.together else { return Array(rooms.devices.indices) }
        let present =
            room.stay.first { $0.wishes.together == group && $0.id != want.id }?.devices
            ?? rooms.passing.first { $0.wishes.together == group && $0.id != want.id && !$0.isLeaving }?.devices
        guard let present else { return Array(rooms.devices.indices) }
        let beside = rooms.places(present)
        // What could never be there goes elsewhere rather than nowhere.
        let possible = beside.contains { available(to: want, on: rooms.devices[$0], snapshot) >= want.bytes }
        return copy == 0 && !possible ? Array(rooms.devices.indices) : beside
    }

    /// - Returns: `nil` for a device that can never hold the version.
    private static func offer(
        of index: Int,
        to want: CacheSnapshot.Want,
        _ copy: Int,
        _ going: [CacheSnapshot.Resident],
        _ snapshot: CacheSnapshot,
        _ room: Room
    ) -> Offer? {
        let (rooms, device) = (room.devices, room.devices.devices[index])
        let available = available(to: want, on: device, snapshot)
        guard want.bytes <= available else { return nil }
        let bytes = max(min(want.peakBytes, available), want.bytes)
        let isOut = Set(going.map(\.id))
        let content = room.stay.filter { $0.isOn(device) && !isOut.contains($0.id) }
        let strangers = content.filter { want.mustBeApart(from: $0.wishes) }
        let isBlocked = strangers.contains { !$0.mayGo(at: snapshot.now) }
        let passing = rooms.passing.filter { $0.devices.contains(device.name) && want.mustBeApart(from: $0.wishes) }
        let leaving = going.filter { $0.isOn(device) } + strangers
        let missing =
            bytes - rooms.free[index] - rooms.coming[index] - leaving.reduce(0) { $0 + $1.bytesOfCopy }
        let others = content.filter { resident in !strangers.contains { $0.id == resident.id } }
        let more = missing > 0 ? victims(freeing: missing, of: others, at: snapshot.now, share: \.bytesOfCopy) : []
        let victims = strangers + more
        let isShort = missing > 0 && more.isEmpty || isBlocked || passing.contains { !$0.isLeaving }
        let isReady = bytes <= rooms.free[index] && victims.isEmpty && passing.isEmpty
        let isPlanned = copy < want.plannedDevices.count && want.plannedDevices[copy] == device.name
        let worth = victims.reduce(0) { $0 + snapshot.policy.value(of: $1, at: snapshot.now) * Double($1.bytes) }
        let used = Double(device.budget - rooms.free[index] + bytes)
        return Offer(
            device: index,
            bytes: bytes,
            victims: victims,
            isReady: isReady,
            missing: isShort ? max(missing, 1) : 0,
            rank: (
                victims.map(\.priority).max() ?? .min, worth, isReady ? 0 : 1, isPlanned ? 0 : 1,
                used / Double(max(device.budget, 1))
            )
        )
    }

    // MARK: What can never be

    /// What may ever be there for a version on a device: all but what is pinned.
    private static func available(
        to want: CacheSnapshot.Want,
        on device: CacheDevice,
        _ snapshot: CacheSnapshot
    ) -> Int {
        var bytes = device.budget
        for resident in snapshot.residents where resident.isPinned && resident.id != want.id && resident.isOn(device) {
            if want.mustBeApart(from: resident.wishes) { return 0 }
            bytes -= resident.bytesOfCopy
        }
        return bytes
    }

    private static func deviceRefusal(of want: CacheSnapshot.Want, _ snapshot: CacheSnapshot) -> ServingError? {
        let devices = snapshot.devices ?? []
        let pin = want.wishes.pins.first
        let permitted = devices.filter { pin == nil || $0.name == pin }
        if permitted.contains(where: { want.bytes <= available(to: want, on: $0, snapshot) }) { return nil }
        guard let largest = permitted.max(by: { $0.budget < $1.budget }) else {
            let there = devices.isEmpty ? "is none" : "are \(devices.map(\.name).joined(separator: ", "))"
            let reason = pin.map { "is pinned to \($0), and there is no such device: there \(there)" }
            return ServingError(
                .resourceExhausted,
                "\(want.id) \(reason ?? "needs \(ByteCount(want.bytes)) of memory, and there is no device")"
            )
        }
        let need = "\(want.id) needs \(ByteCount(want.bytes)) of memory"
        let place = pin == nil && devices.count > 1 ? "the largest device, \(largest.name)," : largest.name
        guard want.bytes <= largest.budget else {
            return ServingError(.resourceExhausted, "\(need), and \(place) may hold \(ByteCount(largest.budget))")
        }
        let left = permitted.map { available(to: want, on: $0, snapshot) }.max() ?? 0
        return ServingError(
            .resourceExhausted,
            "\(need), and beside what is pinned \(ByteCount(max(left, 0))) are left on "
                + (pin ?? "the device that has most")
        )
    }
}

extension CacheSnapshot.Want {
    fileprivate func mustBeApart(from other: DeviceWishes) -> Bool {
        wishes.apart.map { $0 == other.apart } ?? false
    }
}
