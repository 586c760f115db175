import EngineInterface
import ServingPrimitives
import Synchronization

/// A session on a cluster. It is ended with its last use, on a thread of its own: runs may still wait in a session that was
/// lost, and to say goodbye to a cluster that is gone takes as long as a step may.
final class ClusterSession: Sendable {
    let model: any LoadedModel
    private let isEnded = Atomic<Bool>(false)

    init(_ model: any LoadedModel) { self.model = model }

    /// Ends it, when nothing runs any more.
    ///
    /// - Returns: what to wait for; `nil` when the system refuses a thread, and then it ends with the process.
    func end() -> BlockingResult<Void, Never>? {
        guard !isEnded.exchange(true, ordering: .acquiringAndReleasing) else { return nil }
        let result = BlockingResult<Void, Never>()
        do throws(ServingError) {
            try startThreadIfPossible(named: "cluster-close") { [model] in
                model.close()
                result.set(.success(()))
            }
            return result
        } catch {
            return nil
        }
    }

    deinit { _ = end() }
}
