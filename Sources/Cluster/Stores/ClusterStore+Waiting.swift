public import ServingPrimitives
import Synchronization

extension ClusterStore {
    /// Begins a session for a command that has nothing to do without one. Blocks.
    ///
    /// - Throws: `UNAVAILABLE` when it is not connected in time, `PERMISSION_DENIED` when it is refused. It is closed then.
    public func startAndWait(nanoseconds: UInt64) throws(ServingError) {
        let outcome = BlockingResult<Void, ServingError>()
        let reason = Mutex<String?>(nil)
        start { event in
            switch event {
            case .state(.connected): outcome.set(.success(()))
            case .state(.refused):
                outcome.set(
                    .failure(ServingError(.permissionDenied, "ZooKeeper does not accept the identity (ZK_AUTH)"))
                )
            case .state(.connecting(let text)): reason.withLock { $0 = text ?? $0 }
            case .state(.expired), .changed: break
            }
        }
        if let outcome = outcome.wait(nanoseconds: nanoseconds) {
            guard case .failure(let error) = outcome else { return }
            close()
            throw error
        }
        close()
        let text = reason.withLock { $0 }
        throw .unavailable("no server has answered in \(nanoseconds / 1_000_000) ms\(text.map { ": \($0)" } ?? "")")
    }
}
