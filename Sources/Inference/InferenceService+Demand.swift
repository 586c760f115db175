public import Servables
public import ServingPrimitives

/// Models that are known and not in memory: the first request loads them.
extension InferenceService {
    /// Whether models may be known without being in memory.
    public var loadsOnDemand: Bool { manager.hasBudget }

    /// Whether a request whose model was not found, for this reason, may yet be answered when the model is loaded. A model
    /// that is in memory costs nothing but the look that finds it: ask only after `resolve` has failed.
    public func mayLoad(after error: ServingError) -> Bool { manager.hasBudget && error.code == .notFound }

    /// As `resolve`, but a model at rest is loaded first: one load however many ask.
    ///
    /// - Parameters:
    ///   - deadline: a request that cannot be in time is refused with when to come again; the load goes on.
    ///   - completion: called exactly once, unless the wait is cancelled: before this returns, or on another thread, which
    ///     it must not hold up.
    /// - Returns: what to cancel when nobody waits any more; `nil` when `completion` was called.
    public func whenLoaded(
        _ selector: ModelSelector,
        by deadline: Deadline,
        completion: @escaping @Sendable (Result<ResolvedModel, ServingError>) -> Void
    ) -> LeaseWait? {
        manager.lease(selector.name, selector.version, by: deadline) { lease in
            completion(
                lease.flatMap { lease in Result { () throws(ServingError) in try Self.resolved(lease) } }
            )
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
