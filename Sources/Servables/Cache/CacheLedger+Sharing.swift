/// Versions that have one copy in memory between them: its bytes count once, it stays for as long as one of them is wanted
/// in memory, and goes as a whole.
extension CacheLedger {
    /// The versions that share a copy with this one and are in the same place, itself included.
    package func sharing(_ id: ServableID) -> [ServableID] {
        guard hasSharedCopies, let copy = entries[id]?.cost?.copy, let place = places[id] else { return [id] }
        return places.filter { $0.value == place && entries[$0.key]?.cost?.copy == copy }.map(\.key).sorted {
            ($0.name, $0.version) < ($1.name, $1.version)
        }
    }

    /// Whether requests are using the version now, or one that shares its copy.
    package func isBusy(_ id: ServableID) -> Bool { sharing(id).contains { entries[$0]?.isBusy() ?? false } }

    /// Bytes of the versions in the place, each copy once, as its largest version has it: of one that is in several places it is the first of resident,
    /// loading and unloading that counts.
    package func bytes(_ place: Place) -> Int {
        let ids = places.filter { $0.value == place }.keys
        guard hasSharedCopies else { return ids.reduce(0) { $0 + bytes(of: $1, place) } }
        var counted = Set<UInt64>()
        for (id, other) in places where other.isBefore(place) {
            if let copy = entries[id]?.cost?.copy { counted.insert(copy) }
        }
        var sum = 0
        // Only one of the versions may know what the first request added.
        var largest: [UInt64: Int] = [:]
        for id in ids {
            let bytes = bytes(of: id, place)
            guard let copy = entries[id]?.cost?.copy else {
                sum += bytes
                continue
            }
            if !counted.contains(copy) { largest[copy] = max(largest[copy] ?? 0, bytes) }
        }
        return largest.values.reduce(sum, +)
    }

    private func bytes(of id: ServableID, _ place: Place) -> Int {
        guard let entry = entries[id], let cost = entry.cost else { return 0 }
        return place == .loading ? cost.peakBytes * entry.copies : entry.bytes
    }

    /// What there is to decide about: each copy once, with what is said of any of its versions.
    package func joined(_ residents: [CacheSnapshot.Resident]) -> [CacheSnapshot.Resident] {
        guard hasSharedCopies else { return residents }
        var joined: [CacheSnapshot.Resident] = []
        var indexes: [UInt64: Int] = [:]
        for resident in residents {
            guard let copy = entries[resident.id]?.cost?.copy else {
                joined.append(resident)
                continue
            }
            if let index = indexes[copy] {
                joined[index].join(resident)
            } else {
                indexes[copy] = joined.count
                joined.append(resident)
            }
        }
        return joined
    }

    /// What is wanted, less what comes with another: a version whose copy is in memory, or on its way there, needs no room,
    /// and one whose copy is wanted by another already waits for that.
    package func joined(_ wants: [CacheSnapshot.Want]) -> [CacheSnapshot.Want] {
        guard hasSharedCopies else { return wants }
        let present = Set(places.filter { $0.value != .unloading }.compactMap { entries[$0.key]?.cost?.copy })
        var wanted = Set<UInt64>()
        return wants.compactMap { want in
            guard let copy = entries[want.id]?.cost?.copy else { return want }
            guard !present.contains(copy) else {
                var want = want
                (want.bytes, want.peakBytes) = (0, 0)
                return want
            }
            return wanted.insert(copy).inserted ? want : nil
        }
    }
}

extension CacheLedger.Place {
    fileprivate func isBefore(_ other: Self) -> Bool { rank < other.rank }

    private var rank: Int {
        switch self {
        case .resident: 0
        case .loading: 1
        case .unloading: 2
        }
    }
}

extension CacheSnapshot.Resident {
    /// The more of both counts.
    fileprivate mutating func join(_ other: Self) {
        bytes = max(bytes, other.bytes)
        reloadNanoseconds = max(reloadNanoseconds, other.reloadNanoseconds)
        frequency += other.frequency
        lastUse = max(lastUse, other.lastUse)
        priority = max(priority, other.priority)
        isPinned = isPinned || other.isPinned
        isBusy = isBusy || other.isBusy
        staysUntil = max(staysUntil, other.staysUntil)
        // One that may stay for ever keeps the others.
        if let mine = idleAt, let theirs = other.idleAt { idleAt = max(mine, theirs) } else { idleAt = nil }
    }
}
