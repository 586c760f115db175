public import ServingPrimitives

/// A model that may be away for a while, and comes back by itself.
public protocol RecoveringModel: LoadedModel {
    /// What runs are told while it is away, with when to come again; `nil` while it is there.
    var absence: ServingError? { get }

    /// Waits for the model without a thread.
    ///
    /// `completion` is called exactly once, unless the wait is cancelled, before this returns or on a thread that must not be
    /// held up: with `nil` when the model is there, else with what a run would be told.
    ///
    /// - Parameter deadline: whoever has none, or none that leaves time for the next try, does not wait.
    /// - Returns: what to cancel when nobody waits any more; `nil` when `completion` was called.
    func whenBack(
        by deadline: Deadline,
        _ completion: @escaping @Sendable (ServingError?) -> Void
    ) -> RecoveryWait?
}

/// A request that waits for a model to come back.
public struct RecoveryWait: Sendable {
    private let onCancel: @Sendable () -> Void

    public init(onCancel: @escaping @Sendable () -> Void) { self.onCancel = onCancel }

    /// Nobody waits any more. The completion may still be called by a thread that is about to.
    public func cancel() { onCancel() }
}
