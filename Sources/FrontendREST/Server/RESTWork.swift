import NIOCore

/// What a request waits for that is no run, and the end of the waiting.
struct RESTWork {
    let cancel: @Sendable () -> Void
    let limit: Scheduled<Void>?

    /// Nobody waits any more, or the answer is there.
    func end() {
        limit?.cancel()
        cancel()
    }
}
