package import ServingPrimitives

/// The part of a version's life that a memory budget adds: it rests until it is wanted, is loaded when there is room for
/// it, and rests again when others need the room. Without a budget nothing of this happens.
extension ServableLifecycle {
    /// What becomes of a request for a version that is not in memory.
    package enum Demand: Sendable, Hashable {
        /// No such version is known.
        case unknown
        /// It is there by now.
        case available(ServableID)
        /// It is going to be loaded.
        ///
        /// - expectedNanoseconds: how long that takes; `nil` where nobody can tell.
        case wait(ServableID, expectedNanoseconds: UInt64?)
        case refused(ServingError)
    }

    /// Pause after a failed load before a request has it tried again: doubled at every further failure.
    private static let firstRetryNanoseconds: UInt64 = 1_000_000_000
    /// Between two looks at what is used, in nanoseconds, while there is something to look for.
    private static let lookNanoseconds: UInt64 = 1_000_000_000

    // MARK: Transitions

    /// A request, or an operator, wants a version of the model in memory.
    ///
    /// - Parameter number: of the version; `nil` for the latest.
    package mutating func demand(
        _ name: String,
        _ number: Int64?,
        _ reason: LoadReason = .demand
    ) -> (Demand, [Effect]) {
        guard cache != nil, !isClosing, let model = models[name] else { return (.unknown, []) }
        var refusal: ServingError?
        for candidate in number.map({ [$0] }) ?? model.aspired.keys.sorted(by: >) {
            let id = ServableID(name: name, version: candidate)
            switch model.records[candidate]?.phase {
            case .ready: return (.available(id), takeEffects())
            case .failed:
                guard let error = reviveAfterFailure(id) else { return wait(for: id, reason) }
                refusal = refusal ?? error
            case .new, .resting, .queued, .loading, .paused, .unloading:
                guard model.aspired[candidate] != nil else { continue }
                return wait(for: id, reason)
            case nil: continue
            }
        }
        return (refusal.map(Demand.refused) ?? .unknown, takeEffects())
    }

    /// What the version is going to cost.
    package mutating func estimated(_ attempt: Attempt, _ cost: ServableCost) -> [Effect] {
        let id = attempt.version.id
        cache?.estimated(id, cost)
        return takeEffects()
    }

    /// Time has passed.
    ///
    /// - Parameter due: as it was in `lookLater`; a look that was overtaken by an earlier one is none.
    package mutating func look(due: MonotonicTime) -> [Effect] {
        guard lookDue == due else { return [] }
        lookDue = nil
        return takeEffects()
    }

    /// Replaces what is said of each model.
    package mutating func configure(_ settings: [String: CacheSettings]) -> [Effect] {
        cache?.configure(settings)
        for model in cache?.pinnedModels ?? [] { wantPinned(model) }
        return takeEffects()
    }

    /// Keeps the model in memory, or no longer.
    package mutating func pin(_ model: String, _ isPinned: Bool) -> [Effect] {
        cache?.pin(model, isPinned)
        if isPinned { wantPinned(model) }
        return takeEffects()
    }

    // MARK: What happens to a version

    /// The version is known, and that is all.
    mutating func rest(_ id: ServableID) {
        let serves = models[id.name]?.records.contains { $0.key < id.version && $0.value.phase == .ready } ?? false
        let isNew = cache?.entries[id] == nil
        update(id) {
            $0.phase = .resting
            $0.isRenewal = serves && isNew
        }
        cache?.know(id)
        if cache?.entries[id]?.isToReturn ?? false {
            cache?.update(id) { $0.isToReturn = false }
            wantForPlacement(id)
        } else if serves, isNew {
            cache?.want(id, .renewal, at: now)
        } else if cache?.settings(of: id.name).isPinned ?? false {
            cache?.want(id, .pin, at: now)
        }
    }

    mutating func noteLoadBegan(_ id: ServableID) {
        cache?.place(id, .loading)
        cache?.update(id) { [now] in $0.loadBegan = now }
    }

    mutating func noteLoaded(
        _ id: ServableID,
        _ cost: ServableCost?,
        isBusy: @escaping @Sendable () -> Bool,
        preparedBytes: @escaping @Sendable () -> Int?
    ) {
        guard cache != nil else { return }
        cache?.update(id) {
            $0.isBusy = isBusy
            $0.preparedBytes = preparedBytes
        }
        cache?.loaded(id, cost ?? ServableCost(residentBytes: 0), at: now)
        effects.append(.answer(id, nil))
    }

    mutating func noteFailed(_ id: ServableID, _ error: ServingError) {
        guard cache != nil else { return }
        let failures = (cache?.entries[id]?.failures ?? 0) + 1
        let doublings = UInt64(min(failures - 1, 16))
        let pause = min(Self.firstRetryNanoseconds << doublings, max(policy.retryIntervalNanoseconds, 1))
        cache?.update(id) { [now] in
            $0.failures = failures
            $0.failure = error
            $0.retryAt = now.advanced(byNanoseconds: pause)
        }
        giveUp(id, error)
    }

    /// What has turned out to take more than there may ever be goes again at once.
    ///
    /// - Returns: why; `nil` for a version that may stay.
    mutating func refusal(of attempt: Attempt, _ cost: ServableCost?) -> ServingError? {
        guard let cache, let cost, let limit = cache.limit(exceededBy: cost, on: attempt.devices) else { return nil }
        let id = attempt.version.id
        self.cache?.update(id) { $0.cost = cost }
        let error = ServingError(
            .resourceExhausted,
            "\(id) was loaded and took \(ByteCount(cost.residentBytes)) of memory, and \(limit)"
        )
        noteFailed(id, error)
        return error
    }

    /// The version is not asked for any more.
    mutating func giveUpWant(_ id: ServableID) {
        guard cache != nil else { return }
        let error: ServingError =
            isClosing
            ? .unavailable("The server is shutting down")
            : .notFound("Servable not found for request: Specific(\(id.name), \(id.version))")
        giveUp(id, error)
    }

    private mutating func giveUp(_ id: ServableID, _ error: ServingError) {
        cache?.unwant(id)
        effects.append(.answer(id, error))
    }

    // MARK: Wants

    private mutating func wait(for id: ServableID, _ reason: LoadReason) -> (Demand, [Effect]) {
        if reason == .demand { cache?.miss(id, at: now) }
        switch models[id.name]?.records[id.version]?.phase {
        case .queued, .loading: break
        default:
            cache?.want(id, reason, at: now)
            if reason == .demand { wantFollower(of: id) }
        }
        let effects = takeEffects()
        // Whoever was told by these effects that it cannot be need not wait.
        for case .answer(id, let error?) in effects { return (.refused(error), effects) }
        return (.wait(id, expectedNanoseconds: expectedNanoseconds(id)), effects)
    }

    /// A failed version begins anew when it has been left alone for long enough.
    ///
    /// - Returns: why it does not.
    private mutating func reviveAfterFailure(_ id: ServableID) -> ServingError? {
        guard let entry = cache?.entries[id], let error = entry.failure, let retryAt = entry.retryAt else {
            return .unavailable("\(id) has failed to load")
        }
        guard retryAt <= now else {
            var error = error
            error.retryAfterNanoseconds = retryAt.nanoseconds(since: now)
            return error
        }
        models[id.name]?.records[id.version] = nil
        settle(id.name)
        return nil
    }

    mutating func wantPinned(_ name: String) {
        guard let model = models[name] else { return }
        for (number, record) in model.records where record.isAspired && record.phase == .resting {
            cache?.want(ServableID(name: name, version: number), .pin, at: now)
        }
    }

    private mutating func wantFollower(of id: ServableID) {
        guard let follower = cache?.successors.follower(of: id),
            models[follower.name]?.records[follower.version]?.phase == .resting,
            cache?.entries[follower]?.cost != nil, !(cache?.options.isMachineBusy() ?? true)
        else { return }
        cache?.want(follower, .prefetch, at: now)
    }

    /// How long it takes until the version is there: its load and those before it, and the making of room for them.
    func expectedNanoseconds(_ id: ServableID) -> UInt64? {
        guard let cache, let own = cache.entries[id], let load = own.cost?.loadNanoseconds, load > 0 else { return nil }
        if let began = own.loadBegan, cache.places[id] == .loading {
            let elapsed = now.nanoseconds(since: began)
            return elapsed < load ? load - elapsed : load / 4
        }
        var before: UInt64 = 0
        for (other, place) in cache.places where place == .loading && other != id {
            before &+= cache.entries[other]?.cost?.loadNanoseconds ?? 0
        }
        for want in cache.wantsInOrder.prefix(while: { $0.id != id }) {
            before &+= cache.entries[want.id]?.cost?.loadNanoseconds ?? 0
        }
        return load &+ before / UInt64(max(policy.loadThreads, 1))
    }

    // MARK: Memory

    /// Decides what is to be loaded and evicted, and notes it as done.
    mutating func manageMemory() {
        guard !isClosing else { return }
        estimateWanted()
        guard let snapshot = snapshot() else { return }
        let plan = planSparingBusy(snapshot)
        for eviction in plan.evict { evict(eviction) }
        for id in plan.load { beginLoad(id, on: plan.devices[id] ?? []) }
        for refusal in plan.refuse { refuse(refusal) }
        startLoads()
        lookAgain(plan.again)
    }

    /// Asks only of those that would be evicted whether requests are using them: that is not for free.
    private func planSparingBusy(_ snapshot: CacheSnapshot) -> CachePlan {
        var snapshot = snapshot
        while true {
            let plan = CachePlan(snapshot)
            let busy = Set(plan.evict.map(\.id).filter { cache?.isBusy($0) ?? false })
            guard !busy.isEmpty else { return plan }
            for index in snapshot.residents.indices where busy.contains(snapshot.residents[index].id) {
                snapshot.residents[index].isBusy = true
            }
        }
    }

    private mutating func estimateWanted() {
        guard let cache else { return }
        for (id, _) in cache.wants where cache.entries[id]?.cost == nil && cache.entries[id]?.isBeingEstimated == false
        {
            guard let attempt = models[id.name]?.records[id.version]?.attempt else { continue }
            self.cache?.update(id) { $0.isBeingEstimated = true }
            effects.append(.estimate(attempt))
        }
    }

    /// What there is to decide about; `nil` when there is nothing.
    package mutating func snapshot() -> CacheSnapshot? {
        cache?.observe(at: now)
        guard let cache else { return nil }
        var snapshot = CacheSnapshot(budget: cache.budget, now: now)
        snapshot.wants = cache.joined(
            cache.wantsInOrder.filter { models[$0.id.name]?.records[$0.id.version]?.phase == .resting }
        )
        snapshot.loadingBytes = cache.bytes(.loading)
        snapshot.unloadingBytes = cache.bytes(.unloading)
        snapshot.headroom = cache.headroom
        snapshot.lastLoad = cache.lastLoad
        for (id, place) in cache.places where place == .resident {
            guard let entry = cache.entries[id] else { continue }
            snapshot.residents.append(resident(id, entry, cache.settings(of: id.name)))
        }
        snapshot.residents = cache.joined(snapshot.residents)
        if cache.options.budget != nil {
            snapshot.overheadBytes = cache.options.costs.overhead(
                accounted: snapshot.usedBytes,
                isSettled: snapshot.loadingBytes == 0 && snapshot.unloadingBytes == 0
            )
        }
        snapshot.devices = cache.devices
        if cache.devices != nil { snapshot.passing = cache.passing }
        return snapshot
    }

    private func resident(
        _ id: ServableID,
        _ entry: CacheLedger.Entry,
        _ settings: CacheSettings
    ) -> CacheSnapshot.Resident {
        let loadedAt = entry.loadedAt ?? now
        let load = entry.cost?.loadNanoseconds ?? 0
        let lastUse = max(entry.history.lastUse ?? loadedAt, loadedAt)
        var resident = CacheSnapshot.Resident(
            id,
            bytes: entry.bytes,
            reloadNanoseconds: load,
            frequency: entry.history.frequency(at: now),
            lastUse: lastUse
        )
        resident.devices = entry.devices
        resident.wishes = settings.devices
        resident.priority = settings.priority
        resident.isPinned = settings.isPinned
        resident.staysUntil = loadedAt.advanced(byNanoseconds: settings.minimumResidentNanoseconds ?? load)
        resident.idleAt = settings.idleNanoseconds.map { lastUse.advanced(byNanoseconds: $0) }
        return resident
    }

    mutating func evict(_ eviction: CachePlan.Eviction) {
        for id in cache?.sharing(eviction.id) ?? [] {
            cache?.evicted(id, eviction.reason, at: now)
            if eviction.reason == .placement { cache?.update(id) { $0.isToReturn = true } }
            beginUnload(id)
        }
    }

    private mutating func beginLoad(_ id: ServableID, on devices: [String]) {
        let reason = cache?.wants[id]
        cache?.unwant(id)
        cache?.update(id) {
            $0.lastLoadReason = reason
            $0.devices = devices
            $0.plannedDevices = []
        }
        cache?.noteSize(of: id)
        cache?.place(id, .loading)
        enqueue(id)
    }

    private mutating func refuse(_ refusal: CachePlan.Refusal) {
        let id = refusal.id
        cache?.refusals += 1
        giveUp(id, refusal.error)
        guard models[id.name]?.statuses[id.version]?.error != refusal.error else { return }
        report(id, .start, refusal.error)
    }

    private mutating func lookAgain(_ time: MonotonicTime?) {
        var due = time
        if let cache, !cache.places.isEmpty || !cache.wants.isEmpty {
            let next = now.advanced(byNanoseconds: Self.lookNanoseconds)
            due = min(due ?? next, next)
        }
        guard let due, lookDue.map({ due < $0 }) ?? true else { return }
        lookDue = due
        effects.append(.lookLater(due: due, nanoseconds: max(due.nanoseconds(since: now), 1_000_000)))
    }

    // MARK: The latest version

    /// Of a model with several versions the latest is the one that would be it if all were in memory, so that an answer
    /// does not depend on what happens to be there.
    mutating func tellLatest(of name: String) {
        guard let model = models[name] else { return }
        var latest: Int64?
        if model.aspired.count > 1 {
            latest = model.aspired.keys.filter { number in
                guard let record = model.records[number] else { return false }
                return record.phase != .failed && !record.isRenewal
            }.max()
        }
        guard latest != model.latestKnown else { return }
        models[name]?.latestKnown = latest
        effects.append(.setLatest(latest, of: name))
    }

    // MARK: Report

    package mutating func report() -> CacheReport? {
        guard let snapshot = snapshot(), let cache else { return nil }
        return CacheReport(
            budget: cache.budget,
            devices: cache.deviceReports,
            residentBytes: cache.bytes(.resident),
            loadingBytes: snapshot.loadingBytes,
            unloadingBytes: snapshot.unloadingBytes,
            overheadBytes: snapshot.overheadBytes,
            hits: cache.hits,
            misses: cache.misses,
            refusals: cache.refusals,
            prefetches: cache.prefetches,
            usefulPrefetches: cache.usefulPrefetches,
            loads: cache.loads.count,
            loadNanoseconds: cache.loads.nanoseconds,
            swapNanoseconds: cache.swaps.nanoseconds,
            evictions: cache.evictions,
            lastEvictions: cache.lastEvictions,
            versions: cache.entries.map { version($0.key, $0.value, cache) }.sorted { a, b in
                (a.id.name, -a.id.version) < (b.id.name, -b.id.version)
            },
            now: now
        )
    }

    private func version(_ id: ServableID, _ entry: CacheLedger.Entry, _ cache: CacheLedger) -> CacheReport.Version {
        let settings = cache.settings(of: id.name)
        let status = models[id.name]?.statuses[id.version]
        let state: CacheReport.Version.State =
            switch cache.places[id] {
            case .loading: .loading
            case .resident: .resident
            case .unloading: .unloading
            case nil: cache.wants[id] == nil ? .atRest : .wanted
            }
        return CacheReport.Version(
            id: id,
            state: state,
            cost: entry.cost,
            devices: entry.devices,
            isPinned: settings.isPinned,
            priority: settings.priority,
            lastUse: entry.history.lastUse,
            hits: entry.hits,
            misses: entry.misses,
            loads: entry.loads,
            evictions: entry.evictions,
            sharesWith: cache.sharing(id).filter { $0 != id },
            error: entry.failure ?? status?.error
        )
    }
}
