/// Keeps a version loaded. Held from the moment a request is admitted until its answer is written; the version is
/// unloaded only after the last lease is gone. The lease ends when the last reference to it does.
///
/// All requests of a version share one lease: its reference count is the count of those who need the version, so that
/// taking and returning one allocates nothing.
public final class ServableLease: Sendable {
    public let id: ServableID
    public let servable: any Servable
    /// Counts its requests, under a memory budget.
    let uses: UseCounter?
    private let onEnd: @Sendable () -> Void

    /// - Parameter onEnd: called on the thread that dropped the last reference; must not block.
    public convenience init(id: ServableID, servable: any Servable, onEnd: @escaping @Sendable () -> Void) {
        self.init(id: id, servable: servable, uses: nil, onEnd: onEnd)
    }

    init(id: ServableID, servable: any Servable, uses: UseCounter?, onEnd: @escaping @Sendable () -> Void) {
        self.id = id
        self.servable = servable
        self.uses = uses
        self.onEnd = onEnd
    }

    deinit { onEnd() }
}
