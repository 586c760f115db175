public import ServingPrimitives
import Synchronization

/// Versions that are loaded when they are asked for, under a memory budget.
extension ServableManager {
    /// Whether versions may be known without being in memory.
    public var hasBudget: Bool { cache != nil }

    /// Pins the version that `choice` names, and has it loaded first where it is at rest: one load however many ask.
    ///
    /// `completion` is called exactly once, unless the wait is cancelled: before this returns, or on a thread that must not
    /// be held up.
    ///
    /// - Parameter deadline: a request that cannot be in time is refused at once with when to come again; the load goes on.
    /// - Returns: what to cancel when nobody waits any more; `nil` when `completion` was called.
    public func lease(
        _ name: String,
        _ choice: VersionChoice,
        by deadline: Deadline,
        completion: @escaping @Sendable (Result<ServableLease, ServingError>) -> Void
    ) -> LeaseWait? {
        do throws(ServingError) {
            completion(.success(try lease(name, choice)))
            return nil
        } catch {
            guard cache != nil else {
                completion(.failure(error))
                return nil
            }
            return wait(self.name(meantBy: name), choice, deadline, notFound: error, completion)
        }
    }

    private func wait(
        _ name: String,
        _ choice: VersionChoice,
        _ deadline: Deadline,
        notFound: ServingError,
        _ completion: @escaping LeaseWaiters.Completion
    ) -> LeaseWait? {
        var number: Int64?
        switch choice {
        case .latest: break
        case .specific(let version): number = version
        case .label(let label):
            number = routes.version(labelled: label, of: name)
            if number == nil {
                completion(.failure(notFound))
                return nil
            }
        }
        var result: Result<ServableLease, ServingError>?
        var wait: LeaseWait?
        var available: ServableID?
        change { control in
            let (demand, effects) = control.lifecycle.demand(name, number)
            switch demand {
            case .unknown: result = .failure(notFound)
            case .refused(let error): result = .failure(error)
            case .available(let id): available = id
            case .wait(let id, let expected):
                if let refusal = Self.refusal(id, expected, deadline, control) {
                    result = .failure(refusal)
                } else {
                    wait = park(id, name, choice, deadline, completion, in: &control)
                }
            }
            return effects
        }
        if let available { result = Result { () throws(ServingError) in try leaseAvailable(available) } }
        if let result { completion(result) }
        return wait
    }

    /// A version that became available in this moment.
    private func leaseAvailable(_ id: ServableID) throws(ServingError) -> ServableLease {
        do throws(ServingError) {
            return try lease(id.name, .specific(id.version))
        } catch {
            throw ServingError(
                .unavailable,
                "\(id) was evicted in the moment it was asked for",
                retryAfterNanoseconds: 1_000_000
            )
        }
    }

    /// Why a request need not wait.
    private static func refusal(
        _ id: ServableID,
        _ expected: UInt64?,
        _ deadline: Deadline,
        _ control: Control
    ) -> ServingError? {
        guard control.leaseWaiters.count < LeaseWaiters.maximumCount else {
            return ServingError(
                .resourceExhausted,
                "\(LeaseWaiters.maximumCount) requests wait for models to be loaded; no more may",
                retryAfterNanoseconds: expected
            )
        }
        guard let expected, !deadline.isNever else { return nil }
        let remaining = deadline.remaining(at: control.lifecycle.now)
        guard expected > remaining else { return nil }
        return ServingError(
            .unavailable,
            "\(id) is being loaded, which is expected to take \(expected / 1_000_000) ms more; the request has "
                + "\(remaining / 1_000_000) ms",
            retryAfterNanoseconds: expected
        )
    }

    private func park(
        _ id: ServableID,
        _ name: String,
        _ choice: VersionChoice,
        _ deadline: Deadline,
        _ completion: @escaping LeaseWaiters.Completion,
        in control: inout Control
    ) -> LeaseWait {
        control.waiterCount += 1
        let number = control.waiterCount
        control.leaseWaiters.add(
            .init(number: number, id: id, name: name, choice: choice, deadline: deadline, completion: completion)
        )
        return LeaseWait { [weak self] in
            self?.control.withLock { $0.leaseWaiters.remove(number, waitingFor: id) }
        }
    }

    /// Gives those who wait what they wait for. Not under the lock.
    func answerWaiters(for id: ServableID, _ error: ServingError?) {
        let waiters = control.withLock { $0.leaseWaiters.take(id) }
        guard !waiters.isEmpty else { return }
        if let error {
            for waiter in waiters { waiter.completion(.failure(error)) }
            return
        }
        let lease = Result { () throws(ServingError) in try routes.lease(id.name, .specific(id.version)) }
        for waiter in waiters { waiter.completion(lease) }
    }

    // MARK: Operators

    /// Says how each model is treated; models that are not named are treated as all are by default.
    public func configureCache(_ settings: [String: CacheSettings]) {
        guard cache != nil else { return }
        perform { $0.configure(settings) }
    }

    /// Keeps a model in memory from now on, or no longer. Loads it where it is at rest.
    public func pin(_ model: String, _ isPinned: Bool) { perform { $0.pin(model, isPinned) } }

    /// Loads the latest version of the model where there is room for it without an eviction.
    public func prefetch(_ model: String) { perform { $0.demand(model, nil, .prefetch).1 } }

    /// What would be done if the version were wanted now. Changes nothing; looks at files where it must: blocks.
    public func cachePlan(for model: String, _ reason: LoadReason) -> CachePreview? {
        guard let cache else { return nil }
        var (lifecycle, now) = control.withLock { ($0.lifecycle, clock()) }
        lifecycle.now = now
        var (demand, effects) = lifecycle.demand(model, nil, reason)
        for case .estimate(let attempt) in effects {
            now = clock()
            effects += lifecycle.estimated(attempt, cache.costs.expected(attempt.version))
        }
        return CachePreview(demand, effects)
    }

    /// What is in memory and what was done about it; `nil` without a budget.
    public func cacheReport() -> CacheReport? {
        guard cache != nil else { return nil }
        return control.withLock { control in
            control.lifecycle.now = clock()
            return control.lifecycle.report()
        }
    }
}

/// What a wish would lead to.
public struct CachePreview: Sendable, Hashable {
    /// Versions that would be loaded, and taken out of memory for them.
    public var loads: [ServableID] = []
    public var evictions: [ServableID] = []
    /// It is in memory already.
    public var isResident = false
    /// Why it would be refused.
    public var error: ServingError?

    init(_ demand: ServableLifecycle.Demand, _ effects: [ServableLifecycle.Effect]) {
        switch demand {
        case .unknown: error = .notFound("no version of the model is known")
        case .available: isResident = true
        case .refused(let error): self.error = error
        case .wait: break
        }
        for case .load(let attempt) in effects { loads.append(attempt.version.id) }
        for case .withdraw(let id) in effects { evictions.append(id) }
        for case .answer(_, let error?) in effects { self.error = error }
    }
}
