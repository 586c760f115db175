import Synchronization

/// Lets so many looks happen at a time, first come first served: each has a thread, and thousands of models would have
/// thousands at once.
final class LookTurns: Sendable {
    private struct State {
        var free: Int
        /// Oldest last, so that taking one costs the same however many wait.
        var waiting: [CheckedContinuation<Void, Never>] = []
        var arriving: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Calls `body` when it is its turn.
    func take<Value: Sendable>(_ body: () async -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.arriving.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        defer { next() }
        return await body()
    }

    private func next() {
        let waiting: CheckedContinuation<Void, Never>? = state.withLock { state in
            if state.waiting.isEmpty {
                state.waiting = state.arriving.reversed()
                state.arriving = []
            }
            guard let waiting = state.waiting.popLast() else {
                state.free += 1
                return nil
            }
            return waiting
        }
        waiting?.resume()
    }
}
