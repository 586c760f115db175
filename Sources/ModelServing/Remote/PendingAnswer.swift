import ServingPrimitives
import Synchronization
import Tensors

/// An answer that somebody waits for, given once, by whoever has one first.
final class PendingAnswer: Sendable {
    typealias Completion = @Sendable (Result<[Tensor], ServingError>) -> Void

    private struct State {
        var completion: Completion?
        var actions: [@Sendable () -> Void] = []
    }

    private let state: Mutex<State>

    init(_ completion: @escaping Completion) { state = Mutex(State(completion: completion)) }

    var isGiven: Bool { state.withLock { $0.completion == nil } }

    /// Gives the answer, unless there was one.
    func give(_ result: Result<[Tensor], ServingError>) {
        let (completion, actions) = state.withLock { state in
            defer { state = State() }
            return (state.completion, state.actions)
        }
        for action in actions { action() }
        completion?(result)
    }

    /// What to do when the answer is given, before whoever waits hears of it; at once when it was.
    func whenGiven(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            guard state.completion != nil else { return true }
            state.actions.append(action)
            return false
        }
        if isLate { action() }
    }
}
