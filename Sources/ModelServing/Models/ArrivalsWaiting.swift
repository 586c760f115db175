import Servables
import Synchronization

/// Those who wait for models to arrive. Told of every state a version reaches, on whatever thread that happens.
final class ArrivalsWaiting: Sendable {
    typealias ID = UInt64

    private struct Wait {
        var arrivals: ModelArrivals
        var waiter: CheckedContinuation<ModelArrivals?, Never>?
    }

    private struct State {
        var waits: [ID: Wait] = [:]
        var lastID: ID = 0
    }

    private let state = Mutex(State())

    /// Begins to listen for the models and versions; `wait` is called once for each of these.
    func begin(_ models: [String], _ versions: Set<ServableID>) -> ID {
        state.withLock { state in
            state.lastID += 1
            state.waits[state.lastID] = Wait(arrivals: ModelArrivals(of: models, versions: versions))
            return state.lastID
        }
    }

    /// Returns when all models have arrived or failed; `nil` when the task was cancelled first.
    func wait(_ id: ID) async -> ModelArrivals? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result: ModelArrivals?? = state.withLock { state in
                    guard let wait = state.waits[id], !Task.isCancelled, !wait.arrivals.isComplete else {
                        return .some(state.waits.removeValue(forKey: id)?.arrivals.ifComplete)
                    }
                    state.waits[id]?.waiter = continuation
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            state.withLock { $0.waits.removeValue(forKey: id) }?.waiter?.resume(returning: nil)
        }
    }

    /// Ends listening without waiting.
    func forget(_ id: ID) { state.withLock { _ = $0.waits.removeValue(forKey: id) } }

    func record(_ id: ServableID, _ status: VersionStatus) { update { $0.record(id, status) } }

    func giveUp(_ models: Set<String>) { update { $0.giveUp(models) } }

    func giveUpVersions(_ isAskedFor: (ServableID) -> Bool) { update { $0.giveUpVersions(isAskedFor) } }

    private func update(_ change: (inout ModelArrivals) -> Void) {
        let complete = state.withLock { state in
            var complete: [Wait] = []
            for (id, wait) in state.waits {
                var wait = wait
                change(&wait.arrivals)
                let isOver = wait.arrivals.isComplete && wait.waiter != nil
                state.waits[id] = isOver ? nil : wait
                if isOver { complete.append(wait) }
            }
            return complete
        }
        for wait in complete { wait.waiter?.resume(returning: wait.arrivals) }
    }
}

extension ModelArrivals {
    fileprivate var ifComplete: ModelArrivals? { isComplete ? self : nil }
}
