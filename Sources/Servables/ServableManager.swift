public import ServingPrimitives
import Synchronization

/// Keeps the versions that should be served loaded, and says which one answers a request.
///
/// Requests pass only the `RoutingTable`. Everything else goes through one `ServableLifecycle` value under a lock; what
/// it wants done is run after the lock is released, one effect after the other, by whichever thread is at it already.
public final class ServableManager: Sendable {
    /// Runs an action once, on any thread, so many nanoseconds from now.
    public typealias Timer = @Sendable (_ nanoseconds: UInt64, _ action: @escaping @Sendable () -> Void) -> Void
    /// Runs a blocking body on a thread of its own, or throws without calling it.
    public typealias ThreadStarter =
        @Sendable (_ name: String, _ body: @escaping @Sendable () -> Void) throws(ServingError) -> Void
    public typealias Observer = @Sendable (ServableID, VersionStatus) -> Void

    struct Control {
        var lifecycle: ServableLifecycle
        var observers: [Observer] = []
        /// Effects not yet run, and whether a thread is running them.
        var effects: [ServableLifecycle.Effect] = []
        var isRunningEffects = false
        var isClosed = false
        /// By model: versions that are not aspired yet, as their files are being fetched.
        var coming: [String: [VersionStatus]] = [:]
        var closeWaiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var waiterCount: UInt64 = 0
        /// Requests for versions that are not in memory yet.
        var leaseWaiters = LeaseWaiters()
    }

    private let loaders: any ServableLoaderFactory
    private let policy: LoadPolicy
    private let timer: Timer
    private let startThread: ThreadStarter
    private let unloads: JobThreads
    let routes = RoutingTable()
    let control: Mutex<Control>
    let clock: @Sendable () -> MonotonicTime
    /// `nil` where all that is found is loaded.
    let cache: CacheOptions?
    /// Looks at the files of versions.
    private let estimates: JobThreads
    /// Whether a version was ever loaded for which requests may have to wait.
    private let hadAwayVersions = Atomic<Bool>(false)

    /// - Parameters:
    ///   - cache: a memory budget; without one all that is found is loaded.
    ///   - clock: what times of use are taken from.
    ///   - timer: waits between load tries. By default the timer of the process, whose thread starts now.
    ///   - startThread: makes the threads that load and unload.
    public init(
        loaders: any ServableLoaderFactory,
        policy: LoadPolicy = LoadPolicy(),
        cache: CacheOptions? = nil,
        clock: @escaping @Sendable () -> MonotonicTime = { .now() },
        timer: Timer? = nil,
        startThread: @escaping ThreadStarter = { (name, body) throws(ServingError) in
            try startThreadIfPossible(named: name, body)
        }
    ) {
        let timer = timer ?? TimerThread.shared.schedule(afterNanoseconds:_:)
        self.loaders = loaders
        self.policy = policy
        self.timer = timer
        self.startThread = startThread
        unloads = JobThreads(named: "unload", limit: policy.unloadThreads, startThread: startThread, timer: timer)
        estimates = JobThreads(named: "costs", limit: 2, startThread: startThread, timer: timer)
        control = Mutex(Control(lifecycle: ServableLifecycle(policy: policy, cache: cache)))
        self.clock = clock
        self.cache = cache
    }

    /// Replaces the set of versions that `versions.model` should have. Ignored once `shutdown` was called.
    public func aspire(_ versions: AspiredVersions) {
        perform { $0.aspire(versions) }
    }

    /// Whether requests may have to wait for a version that is known: to be loaded, or to come back.
    public var mayHaveToWait: Bool { cache != nil || hadAwayVersions.load(ordering: .relaxed) }

    /// Pins the version that `choice` names. Never waits for a load or unload; takes no memory.
    ///
    /// - Throws: `NOT_FOUND` `Servable not found for request: Latest(NAME)` / `Specific(NAME, N)`;
    ///   `INVALID_ARGUMENT` `Unrecognized servable version label: L`.
    public func lease(_ name: String, _ choice: VersionChoice) throws(ServingError) -> ServableLease {
        let lease = try routes.lease(name, choice)
        lease.uses?.increment()
        return lease
    }

    /// As `lease`, for those who only look: it does not count as a use.
    public func peek(_ name: String, _ choice: VersionChoice) throws(ServingError) -> ServableLease {
        try routes.lease(name, choice)
    }

    /// Replaces the labels of all models: version numbers by label, by model. A label may name a version that is not
    /// available; requests for it are then answered as those for the version.
    ///
    /// - Parameter before: by model and label the version that answers until that of the label is available for the first
    ///   time: so that a label moves in the moment in which its version comes.
    public func replaceLabels(_ labels: [String: [String: Int64]], before: [String: [String: Int64]] = [:]) {
        routes.replaceLabels(labels, before: before)
    }

    /// Replaces the second names of models: requests may ask for a model by them, where no model has such a name itself.
    public func replaceAliases(_ aliases: [String: String]) { routes.replaceAliases(aliases) }

    /// The name of the model that requests for `name` are answered by.
    public func name(meantBy name: String) -> String { routes.name(meantBy: name) }

    /// Shows in the status of a version that is loaded why it does not answer at the moment; `nil` when it does again.
    /// Requests reach it all the same: it knows best what to say.
    public func setTrouble(_ trouble: ServingError?, of id: ServableID) {
        perform { $0.setTrouble(trouble, of: id) }
    }

    /// Every version of the model seen since start, newest first; empty for an unknown model.
    public func status(of name: String) -> [VersionStatus] {
        control.withLock { control in
            let seen = control.lifecycle.status(of: name)
            guard let coming = control.coming[name] else { return seen }
            let isSeen = Set(seen.map(\.version))
            return (coming.filter { !isSeen.contains($0.version) } + seen).sorted { $0.version > $1.version }
        }
    }

    /// Whether `status` has a version of that model.
    public func knows(_ name: String) -> Bool {
        control.withLock { $0.lifecycle.knows(name) || $0.coming[name] != nil }
    }

    /// Replaces the versions of a model that are shown though nobody has aspired them yet, as their files are on the way.
    public func showComing(_ versions: [VersionStatus], of model: String) {
        control.withLock { $0.coming[model] = versions.isEmpty ? nil : versions }
    }

    /// Names of all models ever aspired, and of those with versions to come, sorted.
    public var modelNames: [String] {
        control.withLock { control in
            let names = control.lifecycle.modelNames
            return control.coming.isEmpty ? names : Set(names).union(control.coming.keys).sorted()
        }
    }

    /// Calls `observer` after every change of a state: in order, one call at a time, with no lock held, from a thread
    /// that must not be held up.
    ///
    /// `UNLOADING` is told before requests stop to reach the version, `AVAILABLE` after they do.
    public func observe(_ observer: @escaping Observer) {
        control.withLock { $0.observers.append(observer) }
    }

    /// Unloads everything: stops loads and retries, waits until leases are returned, unloads. Nothing is aspired after.
    ///
    /// Returns early when its task is cancelled; what is left to unload then unloads without a witness.
    public func shutdown() async {
        perform { $0.close() }
        let waiter = control.withLock { control in
            control.waiterCount += 1
            return control.waiterCount
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = control.withLock { control in
                    if control.isClosed || Task.isCancelled { return true }
                    control.closeWaiters[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            control.withLock { $0.closeWaiters.removeValue(forKey: waiter) }?.resume()
        }
    }
}

// MARK: Effects

extension ServableManager {
    /// Runs a transition and sees to it that its effects are run, in order: by this thread, or by the one that is
    /// running earlier ones.
    func perform(_ transition: (inout ServableLifecycle) -> [ServableLifecycle.Effect]) {
        change { control in transition(&control.lifecycle) }
    }

    /// As `perform`, for what changes more than the lifecycle.
    func change(_ transition: (inout Control) -> [ServableLifecycle.Effect]) {
        let isMine = control.withLock { control in
            if cache != nil { control.lifecycle.now = clock() }
            control.effects += transition(&control)
            if control.isRunningEffects { return false }
            control.isRunningEffects = true
            return true
        }
        guard isMine else { return }
        while let effects = takeEffects() {
            for effect in effects { run(effect) }
        }
    }

    private func takeEffects() -> [ServableLifecycle.Effect]? {
        control.withLock { control in
            guard !control.effects.isEmpty else {
                control.isRunningEffects = false
                return nil
            }
            defer { control.effects = [] }
            return control.effects
        }
    }

    private func run(_ effect: ServableLifecycle.Effect) {
        switch effect {
        case .report(let id, let status):
            for observer in control.withLock({ $0.observers }) { observer(id, status) }
        case .load(let attempt):
            startLoad(attempt)
        case .retryLater(let attempt):
            timer(policy.retryIntervalNanoseconds) { self.perform { $0.retryDue(attempt) } }
        case .withdraw(let id):
            routes.withdraw(id)
        case .estimate(let attempt):
            estimates.run { [cache] in
                guard let cost = cache?.costs.expected(attempt.version) else { return }
                self.perform { $0.estimated(attempt, cost) }
            }
        case .answer(let id, let error):
            answerWaiters(for: id, error)
        case .setLatest(let number, let name):
            routes.setLatest(number, of: name)
        case .lookLater(let due, let nanoseconds):
            timer(nanoseconds) { [weak self] in self?.perform { $0.look(due: due) } }
        case .closed:
            let waiters = control.withLock { control in
                control.isClosed = true
                defer { control.closeWaiters = [:] }
                return control.closeWaiters
            }
            for waiter in waiters.values { waiter.resume() }
        }
    }

    /// Of ordinary priority on purpose: an engine's own threads, started while it loads, would inherit a low one.
    private func startLoad(_ attempt: ServableLifecycle.Attempt) {
        do throws(ServingError) {
            try startThread("load-\(attempt.version.id.name)") { self.load(attempt) }
        } catch {
            perform { $0.loadFailed(attempt, error) }
        }
    }

    private func load(_ attempt: ServableLifecycle.Attempt) {
        let loader = loaders.loader(for: attempt.version, on: attempt.devices)
        let begin = clock()
        do throws(ServingError) {
            let servable = try loader.load()
            if servable.mayBeAway { hadAwayVersions.store(true, ordering: .relaxed) }
            let cost = cost(of: servable, attempt, loadNanoseconds: clock().nanoseconds(since: begin))
            let (isWanted, uses) = control.withLock { control in
                (control.lifecycle.wants(attempt), control.lifecycle.cache?.entries[attempt.version.id]?.counter)
            }
            let lease = lease(on: servable, attempt.version.id, uses, loader)
            // Requests reach it first, then it is told to be available.
            if isWanted { routes.publish(lease) }
            perform { [weak servable] lifecycle in
                lifecycle.loadSucceeded(
                    attempt,
                    cost,
                    isBusy: { [weak servable] in servable?.isBusy ?? false },
                    preparedBytes: { [weak servable] in servable?.preparedBytes }
                )
            }
        } catch {
            perform { $0.loadFailed(attempt, error, isFinal: loader.isFinal(error)) }
        }
    }

    /// What a version that was just loaded costs. Of one whose copy was there before nothing was measured.
    private func cost(
        of servable: any Servable,
        _ attempt: ServableLifecycle.Attempt,
        loadNanoseconds: UInt64
    ) -> ServableCost? {
        guard let costs = cache?.costs else { return nil }
        let copy = servable.sharedCopy
        var cost =
            copy?.wasThere ?? false
            ? costs.expected(attempt.version)
            : costs.loaded(
                attempt.version,
                loadNanoseconds: loadNanoseconds,
                copies: max(attempt.devices.count, 1)
            )
        cost.copy = copy?.number
        return cost
    }

    /// The one lease on a version, which all its requests share: when neither the routes nor a request refers to it any
    /// more, the version is unloaded, on a thread made for that.
    private func lease(
        on servable: any Servable,
        _ id: ServableID,
        _ uses: UseCounter?,
        _ loader: any ServableLoader
    ) -> ServableLease {
        ServableLease(id: id, servable: servable, uses: uses) { [weak self, unloads] in
            unloads.run { [weak self] in
                loader.unload(servable)
                self?.perform { $0.unloaded(id) }
            }
        }
    }
}
