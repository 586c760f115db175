import EventLoopSupport
import NIOCore

/// What the connections of one event loop share.
final class RESTLoop: @unchecked Sendable {
    // Sendable: everything that changes is only touched on `eventLoop`.
    let eventLoop: any EventLoop
    let allocator = ByteBufferAllocator()
    private(set) var isDraining = false
    private var date = HTTPDate()
    private var handlers: [ObjectIdentifier: RESTConnectionHandler] = [:]
    /// Connections that were written to outside their own read cycle.
    private var unflushed: [RESTConnectionHandler] = []
    private var ticking: RepeatedTask?
    private var drained: EventLoopPromise<Void>?

    /// Set once, before the first connection.
    private(set) lazy var mailbox = CompletionMailbox(eventLoop: eventLoop) { [weak self] in self?.flushAll() }

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// The `Date` of a response that is written now.
    func currentDate() -> [UInt8] {
        date.update(now: HTTPDate.now())
        return date.text
    }

    func add(_ handler: RESTConnectionHandler) {
        handlers[ObjectIdentifier(handler)] = handler
        guard ticking == nil else { return }
        ticking = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [weak self] _ in
            self?.tick()
        }
    }

    func remove(_ handler: RESTConnectionHandler) {
        handlers[ObjectIdentifier(handler)] = nil
        guard handlers.isEmpty else { return }
        ticking?.cancel()
        ticking = nil
        drained?.succeed()
        drained = nil
    }

    func flushLater(_ handler: RESTConnectionHandler) { unflushed.append(handler) }

    private func flushAll() {
        for handler in unflushed { handler.flush() }
        unflushed.removeAll(keepingCapacity: true)
    }

    private func tick() {
        for handler in handlers.values { handler.tick() }
    }

    /// Ends every connection once its answers are written. The future succeeds when none is left.
    func drain() -> EventLoopFuture<Void> {
        isDraining = true
        guard !handlers.isEmpty else { return eventLoop.makeSucceededVoidFuture() }
        let promise = drained ?? eventLoop.makePromise(of: Void.self)
        drained = promise
        for handler in handlers.values { handler.beginDraining() }
        return promise.futureResult
    }

    /// Ends every connection now.
    func closeAll() {
        for handler in handlers.values { handler.closeNow() }
    }
}
