import EngineInterface
public import Servables
public import ServingPrimitives
import Synchronization

/// Models that are known and not in memory: the first request loads them.
extension InferenceService {
    /// Whether requests may have to wait for a model that is known.
    public var mayHaveToWait: Bool { manager.mayHaveToWait }

    /// Whether a request whose model was not found, or is away, for this reason, may yet be answered when the model is there. A
    /// model that is there costs nothing but the look that finds it: ask only after `resolve` has failed.
    public func mayWait(after error: ServingError) -> Bool {
        error.code == .notFound && manager.hasBudget || error.code == .unavailable
    }

    /// As `resolve`, for a run: a model that is away is as good as none.
    ///
    /// - Throws: as `resolve`; `UNAVAILABLE` for a model that is away, with when to come again.
    public func resolveForRun(_ selector: ModelSelector) throws(ServingError) -> ResolvedModel {
        let model = try resolve(selector)
        if let absence = model.servable.recovery?.absence { throw absence }
        return model
    }

    /// As `resolve`, but a model at rest is loaded first: one load however many ask; and for a run, one that is away is waited for.
    ///
    /// - Parameters:
    ///   - deadline: a request that cannot be in time is refused with when to come again; the load goes on.
    ///   - isForRun: whether the model is to run.
    ///   - completion: called exactly once, unless the wait is cancelled: before this returns, or on another thread, which
    ///     it must not hold up.
    /// - Returns: what to cancel when nobody waits any more; `nil` when `completion` was called.
    public func whenLoaded(
        _ selector: ModelSelector,
        by deadline: Deadline,
        isForRun: Bool = true,
        completion: @escaping @Sendable (Result<ResolvedModel, ServingError>) -> Void
    ) -> LeaseWait? {
        let recovery = RecoveryOfRequest()
        let load = manager.lease(selector.name, selector.version, by: deadline) { lease in
            let model = lease.flatMap { lease in Result { () throws(ServingError) in try Self.resolved(lease) } }
            guard isForRun, case .success(let found) = model, let away = found.servable.recovery else {
                return completion(model)
            }
            recovery.begin {
                away.whenBack(by: deadline) { error in completion(error.map { .failure($0) } ?? .success(found)) }
            }
        }
        guard load != nil || recovery.hasBegun else { return nil }
        return LeaseWait {
            load?.cancel()
            recovery.cancel()
        }
    }

    static func resolved(_ lease: ServableLease) throws(ServingError) -> ResolvedModel {
        guard let servable = lease.servable as? ModelServable else {
            throw .internalError("\(lease.id) is not a model that can be run")
        }
        return ResolvedModel(lease: lease, servable: servable)
    }

    /// As `resolve`, for those who only look.
    func peek(_ selector: ModelSelector) throws(ServingError) -> ResolvedModel {
        try Self.resolved(try manager.peek(selector.name, selector.version))
    }

    /// What the memory budget holds; `nil` without one.
    public func cacheReport() -> CacheReport? { manager.cacheReport() }
}

/// The second of the waits that a request may have: for a model that was loaded and is away.
private final class RecoveryOfRequest: Sendable {
    private struct State {
        var wait: RecoveryWait?
        var isCancelled = false
    }

    private let state = Mutex(State())

    var hasBegun: Bool { state.withLock { $0.wait != nil } }

    func begin(_ start: () -> RecoveryWait?) {
        guard !state.withLock({ $0.isCancelled }) else { return }
        let wait = start()
        let isLate = state.withLock { state in
            if !state.isCancelled { state.wait = wait }
            return state.isCancelled
        }
        if isLate { wait?.cancel() }
    }

    func cancel() {
        let wait = state.withLock { state in
            state.isCancelled = true
            defer { state.wait = nil }
            return state.wait
        }
        wait?.cancel()
    }
}
