/// Connections of one event loop with answers that no read cycle is going to send: each is flushed once for a batch.
final class FlushList: @unchecked Sendable {
    // Sendable so that the event loop's mailbox can keep it; used on the loop only.
    /// One call of each connection.
    private var calls: [GRPCCall] = []

    func add(_ call: GRPCCall) {
        guard !call.connection.isFlushPending else { return }
        call.connection.isFlushPending = true
        calls.append(call)
    }

    func flush() {
        for call in calls {
            call.connection.isFlushPending = false
            call.flush()
        }
        calls.removeAll(keepingCapacity: true)
    }
}
