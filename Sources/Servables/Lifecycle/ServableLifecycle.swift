package import ServingPrimitives

/// The life of every version as a plain value: what was asked for and what happened goes in, what is to be done comes
/// out. Knows no thread, no clock and no lock.
///
/// Under a memory budget (`CacheLedger`) a version that is found rests until it is wanted, and rests again when it was
/// evicted: `ServableLifecycle+Cache`.
package struct ServableLifecycle {
    /// Something to be done after a transition, in order.
    package enum Effect: Sendable, Hashable {
        case report(ServableID, VersionStatus)
        /// Load on a thread made for it, then call `loadSucceeded` or `loadFailed`.
        case load(Attempt)
        /// Call `retryDue` after the retry interval.
        case retryLater(Attempt)
        /// Let no new request reach the version. `unloaded` follows when its last lease is gone and it is unloaded.
        case withdraw(ServableID)
        /// Find out on a thread what the version is going to cost, then call `estimated`.
        case estimate(Attempt)
        /// Those who wait for the version have it, or hear why they do not.
        case answer(ServableID, ServingError?)
        /// Say which version is the latest of a model, though it may not be there.
        case setLatest(Int64?, of: String)
        /// Call `look` so much later.
        case lookLater(due: MonotonicTime, nanoseconds: UInt64)
        /// Nothing is left: after `close` only.
        case closed
    }

    /// One life of a version: from being aspired until it is gone. A version that comes back begins another one, so a
    /// late timer cannot be taken for its own.
    package struct Attempt: Sendable, Hashable {
        package var version: AspiredVersion
        package var life: UInt64
        /// Where to load it, a copy on each; empty where the engine chooses.
        package var devices: [String] = []
    }

    struct Record {
        enum Phase {
            case new
            /// Known, under a memory budget, and nothing is done about it until somebody wants it.
            case resting
            /// Waits for a load thread.
            case queued
            case loading
            /// Waits between two tries.
            case paused
            case ready
            /// Waits for its last lease, or unloads.
            case unloading
            /// Failed for good. Kept while it is aspired, so that it is not tried again.
            case failed
        }

        var version: AspiredVersion
        let life: UInt64
        var isAspired = true
        var phase = Phase.new
        var failures = 0
        /// Why the version ends, if not because it was superseded.
        var reason: ServingError?
        /// Under a memory budget: takes over from an older version, which answers until then.
        var isRenewal = false

        var attempt: Attempt { Attempt(version: version, life: life) }

        var transitionPhase: VersionTransition.Phase {
            switch phase {
            case .new: .new
            case .ready: .ready
            case .resting, .queued, .loading, .paused, .unloading: .changing
            case .failed: .ended
            }
        }
    }

    struct Model {
        var records: [Int64: Record] = [:]
        /// Every version ever seen.
        var statuses: [Int64: VersionStatus] = [:]
        var aspired: [Int64: AspiredVersion] = [:]
        /// As it was told last by `setLatest`.
        var latestKnown: Int64?
    }

    let policy: LoadPolicy
    var models: [String: Model] = [:]
    private var loadQueue: [ServableID] = []
    private(set) var runningLoads = 0
    /// Whether all that was to be loaded was once loaded.
    private var hasCaughtUp = false
    private var lives: UInt64 = 0
    private(set) var isClosing = false
    private var isClosed = false
    var effects: [Effect] = []
    /// `nil` where all that is found is loaded.
    package var cache: CacheLedger?
    /// The time of the next transition; counts only under a memory budget.
    package var now = MonotonicTime(nanoseconds: 0)
    /// When `look` is due.
    var lookDue: MonotonicTime?
    /// Models of which versions have changed.
    private var changed: Set<String> = []

    package init(policy: LoadPolicy, cache: CacheOptions? = nil) {
        self.policy = policy
        self.cache = cache.map { CacheLedger($0) }
        // Under a budget nothing is loaded but what somebody waits for.
        hasCaughtUp = cache != nil
    }

    /// Every version of the model seen since start, newest first.
    package func status(of name: String) -> [VersionStatus] {
        models[name]?.statuses.values.sorted { $0.version > $1.version } ?? []
    }

    package func knows(_ name: String) -> Bool { models[name]?.statuses.isEmpty == false }

    /// Names of all models ever aspired, sorted.
    package var modelNames: [String] { models.keys.sorted() }

    /// Whether a load of this attempt would be put to use.
    package func wants(_ attempt: Attempt) -> Bool { record(attempt)?.isAspired ?? false }

    // MARK: Transitions

    /// Replaces the set of versions the model should have. Ignored after `close`.
    package mutating func aspire(_ versions: AspiredVersions) -> [Effect] {
        guard !isClosing else { return [] }
        setAspired(versions)
        return takeEffects()
    }

    /// - Parameters:
    ///   - cost: what it takes, under a memory budget.
    ///   - isBusy: whether requests use it at the moment.
    ///   - preparedBytes: what its first request has added; `nil` while that is not known.
    package mutating func loadSucceeded(
        _ attempt: Attempt,
        _ cost: ServableCost? = nil,
        isBusy: @escaping @Sendable () -> Bool = { false },
        preparedBytes: @escaping @Sendable () -> Int? = { nil }
    ) -> [Effect] {
        let id = attempt.version.id
        endLoad()
        let tooLarge = wants(attempt) ? refusal(of: attempt, cost) : nil
        if wants(attempt), tooLarge == nil {
            update(id) {
                $0.phase = .ready
                $0.reason = nil
                $0.isRenewal = false
            }
            report(id, .available)
            noteLoaded(id, cost, isBusy: isBusy, preparedBytes: preparedBytes)
        } else {
            update(id) {
                $0.phase = .unloading
                $0.reason = tooLarge ?? Self.cancelled
            }
            cache?.place(id, .unloading)
            effects.append(.withdraw(id))
        }
        settle(id.name)
        return takeEffects()
    }

    /// - Parameter isFinal: it is not tried again in this life.
    package mutating func loadFailed(_ attempt: Attempt, _ error: ServingError, isFinal: Bool = false) -> [Effect] {
        let id = attempt.version.id
        endLoad()
        update(id) {
            $0.failures += 1
            $0.reason = error
        }
        noteFailed(id, error)
        if let record = record(attempt), record.isAspired, !isFinal, record.failures <= policy.maximumRetries,
            cache == nil
        {
            pause(record)
        } else {
            finish(id, as: .failed)
        }
        settle(id.name)
        return takeEffects()
    }

    package mutating func retryDue(_ attempt: Attempt) -> [Effect] {
        guard let record = record(attempt), record.phase == .paused else { return [] }
        enqueue(record.version.id)
        settle(record.version.id.name)
        return takeEffects()
    }

    /// Ignored for a version that is not ready.
    package mutating func setTrouble(_ trouble: ServingError?, of id: ServableID) -> [Effect] {
        guard case .ready = models[id.name]?.records[id.version]?.phase else { return [] }
        report(id, .available, trouble)
        return takeEffects()
    }

    package mutating func unloaded(_ id: ServableID) -> [Effect] {
        finish(id, as: nil)
        settle(id.name)
        return takeEffects()
    }

    /// Nothing is aspired any more, and nothing will be; `closed` follows when nothing is left.
    package mutating func close() -> [Effect] {
        guard !isClosing else { return [] }
        isClosing = true
        for name in modelNames { setAspired(AspiredVersions(model: name, versions: [])) }
        return takeEffects()
    }

    // MARK: Inside

    static let cancelled = ServingError(.cancelled, "Loading of servable cancelled")

    private mutating func setAspired(_ versions: AspiredVersions) {
        let name = versions.model
        var aspired: [Int64: AspiredVersion] = [:]
        for version in versions.versions { aspired[version.id.version] = version }
        models[name, default: Model()].aspired = aspired
        for number in (models[name]?.records.keys.sorted() ?? []) where aspired[number] == nil {
            abandon(ServableID(name: name, version: number))
        }
        settle(name)
    }

    /// The version is not aspired any more.
    private mutating func abandon(_ id: ServableID) {
        update(id) { $0.isAspired = false }
        changed.insert(id.name)
        giveUpWant(id)
        switch models[id.name]?.records[id.version]?.phase {
        case .resting:
            finish(id, as: nil)
        case .new, .queued, .paused:
            loadQueue.removeAll { $0 == id }
            update(id) { $0.reason = $0.reason ?? Self.cancelled }
            finish(id, as: nil)
        case .failed:
            models[id.name]?.records[id.version] = nil
            cache?.forget(id)
        case .loading, .ready, .unloading, nil:
            return
        }
    }

    /// Brings the model as near to what is aspired as can be done now.
    mutating func settle(_ name: String) {
        admit(name)
        let snapshot = (models[name]?.records ?? [:]).map { number, record in
            VersionTransition.Version(number, isAspired: record.isAspired, record.transitionPhase)
        }
        let actions = policy.transition.actions(for: snapshot)
        for number in actions.unload { beginUnload(ServableID(name: name, version: number)) }
        for number in actions.load { enqueue(ServableID(name: name, version: number)) }
        changed.insert(name)
        startLoads()
    }

    /// Begins a life for every aspired version without one, and renews the wish for those that live.
    private mutating func admit(_ name: String) {
        guard !isClosing, let model = models[name] else { return }
        for (number, version) in model.aspired.sorted(by: { $0.key > $1.key }) {
            if model.records[number] != nil {
                update(version.id) { record in
                    record.isAspired = true
                    if record.phase == .new || record.phase == .queued || record.phase == .paused {
                        record.version = version
                    }
                }
            } else {
                lives += 1
                models[name]?.records[number] = Record(version: version, life: lives)
                if cache != nil { rest(version.id) }
                report(version.id, .start)
            }
        }
    }

    mutating func enqueue(_ id: ServableID) {
        update(id) { $0.phase = .queued }
        loadQueue.append(id)
    }

    private mutating func endLoad() {
        runningLoads -= 1
        if runningLoads == 0, loadQueue.isEmpty { hasCaughtUp = true }
    }

    mutating func startLoads() {
        let limit = hasCaughtUp ? policy.loadThreads : policy.firstLoadThreads
        while runningLoads < max(limit, 1), !loadQueue.isEmpty {
            let id = loadQueue.removeFirst()
            update(id) { $0.phase = .loading }
            guard let record = models[id.name]?.records[id.version] else { continue }
            runningLoads += 1
            noteLoadBegan(id)
            if models[id.name]?.statuses[id.version]?.state != .loading { report(id, .loading) }
            var attempt = record.attempt
            attempt.devices = cache?.entries[id]?.devices ?? []
            effects.append(.load(attempt))
        }
    }

    private mutating func pause(_ record: Record) {
        if policy.retryIntervalNanoseconds == 0 {
            enqueue(record.version.id)
        } else {
            update(record.version.id) { $0.phase = .paused }
            effects.append(.retryLater(record.attempt))
        }
    }

    mutating func beginUnload(_ id: ServableID) {
        update(id) { $0.phase = .unloading }
        cache?.place(id, .unloading)
        report(id, .unloading)
        effects.append(.withdraw(id))
    }

    /// The life of a version is over. Its record stays only as a mark that it failed, and only while it is aspired.
    private mutating func finish(_ id: ServableID, as phase: Record.Phase?) {
        guard let record = models[id.name]?.records[id.version] else { return }
        cache?.place(id, nil)
        if let phase, record.isAspired {
            update(id) { $0.phase = phase }
        } else {
            models[id.name]?.records[id.version] = nil
            if models[id.name]?.aspired[id.version] == nil { cache?.forget(id) }
        }
        report(id, .end, record.reason)
    }

    func record(_ attempt: Attempt) -> Record? {
        guard let record = models[attempt.version.id.name]?.records[attempt.version.id.version] else { return nil }
        return record.life == attempt.life ? record : nil
    }

    mutating func update(_ id: ServableID, _ body: (inout Record) -> Void) {
        guard var record = models[id.name]?.records[id.version] else { return }
        body(&record)
        models[id.name]?.records[id.version] = record
    }

    mutating func report(_ id: ServableID, _ state: ServableState, _ error: ServingError? = nil) {
        let isAtRest = cache != nil && state == .start
        let status = VersionStatus(version: id.version, state: state, error: error, isAtRest: isAtRest)
        models[id.name]?.statuses[id.version] = status
        effects.append(.report(id, status))
    }

    mutating func takeEffects() -> [Effect] {
        if cache != nil {
            manageMemory()
            for name in changed.sorted() { tellLatest(of: name) }
        }
        changed = []
        if isClosing, !isClosed, models.values.allSatisfy(\.records.isEmpty) {
            isClosed = true
            effects.append(.closed)
        }
        defer { effects = [] }
        return effects
    }
}
