import NIOCore

/// One turn of an event loop in which runs were taken in: what is to be done at its end, once.
final class IntakeTurn: @unchecked Sendable {
    // Sendable so that the event loop can keep it; used on the loop only.
    var flush: () -> Void = {}
    /// Whether the runs that were taken in are being queued, and answered where they run on the loop.
    private(set) var isFlushing = false

    /// The loop reads what it has before it gets to this.
    func schedule(on eventLoop: any EventLoop) {
        eventLoop.execute {
            self.isFlushing = true
            self.flush()
            self.isFlushing = false
        }
    }
}
