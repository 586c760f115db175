import Synchronization

/// Runs a blocking call on a thread made for it, so that the cooperative pool never waits for a disk.
///
/// - Returns: `nil` when the task was cancelled first. The call then ends on its thread, unheard.
public func onOwnThread<Result: Sendable>(
    named name: String,
    _ body: @escaping @Sendable () -> Result
) async -> Result? {
    let waiter = Waiter<Result>()
    return await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            guard waiter.wait(continuation) else { return }
            do throws(ServingError) {
                try startThreadIfPossible(named: name) { waiter.resume(returning: body()) }
            } catch {
                // A pool that waits for a disk is better than a call that is never made.
                waiter.resume(returning: body())
            }
        }
    } onCancel: {
        waiter.resume(returning: nil)
    }
}

/// A continuation that is resumed by whoever comes first.
private final class Waiter<Result: Sendable>: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<Result?, Never>)
        case resumed
    }

    private let state = Mutex(State.new)

    /// Whether there is something to wait for; else the continuation is resumed with `nil`.
    func wait(_ continuation: CheckedContinuation<Result?, Never>) -> Bool {
        let isNew = state.withLock { state in
            guard case .new = state else { return false }
            state = .waiting(continuation)
            return true
        }
        if !isNew { continuation.resume(returning: nil) }
        return isNew
    }

    func resume(returning result: Result?) {
        let continuation: CheckedContinuation<Result?, Never>? = state.withLock { state in
            defer { state = .resumed }
            guard case .waiting(let continuation) = state else { return nil }
            return continuation
        }
        continuation?.resume(returning: result)
    }
}
