import NIOCore

/// A task that a request waits for, and the end of the waiting.
struct RESTWork {
    let task: Task<Void, Never>
    let limit: Scheduled<Void>?

    /// Nobody waits any more, or the answer is there.
    func end() {
        limit?.cancel()
        task.cancel()
    }
}
