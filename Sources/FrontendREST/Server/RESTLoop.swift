import EventLoopSupport
import Inference
import NIOCore
import ServingPrimitives
import Telemetry

/// What the connections of one event loop share.
final class RESTLoop: @unchecked Sendable {
    // Sendable: everything that changes is only touched on `eventLoop`.
    let eventLoop: any EventLoop
    let allocator = ByteBufferAllocator()
    private(set) var isDraining = false
    private var date = HTTPDate()
    /// Of the last request: the next one mostly asks for the same.
    private var lastRoute: (method: HTTP1Method, target: [UInt8], route: RESTRoute)?
    private var handlers: [ObjectIdentifier: RESTConnectionHandler] = [:]
    /// Connections that were written to outside their own read cycle.
    private var unflushed: [RESTConnectionHandler] = []
    private var ticking: RepeatedTask?
    private var drained: EventLoopPromise<Void>?

    /// Set once, before the first connection.
    private(set) lazy var mailbox = CompletionMailbox(eventLoop: eventLoop) { [weak self] in self?.flushAll() }

    /// Gathers the runs of all connections that are read in one turn of the loop.
    private(set) lazy var intake: RunIntake = RunIntake { [unowned self] in
        // The loop reads what it has before it gets to this.
        eventLoop.execute { self.flushIntake() }
    }

    let now: @Sendable () -> MonotonicTime
    /// Where requests begin and end.
    let telemetry: TelemetryLane
    /// Made once, as above.
    private lazy var deadlines = DeadlineTimer<RESTRun>(eventLoop: eventLoop, now: now) { run in
        let error = run.queued.timeoutError
        run.call.fail(error)
        run.queued.cancel()
    } batchEnded: { [weak self] in
        self?.flushAll()
    }

    init(
        eventLoop: any EventLoop,
        telemetry: RequestTelemetry,
        now: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) {
        self.eventLoop = eventLoop
        self.telemetry = telemetry.makeLane(.rest, now: now)
        self.now = now
    }

    /// What a request's method and target ask for.
    func route(_ method: HTTP1Method, _ target: [UInt8]) -> RESTRoute {
        if let lastRoute, lastRoute.method == method, lastRoute.target == target { return lastRoute.route }
        let route = RESTRoute(method, target)
        lastRoute = (method, target, route)
        return route
    }

    /// When a run that begins now must be over; `nil` is no limit.
    func deadline(afterMilliseconds limit: UInt64?) -> Deadline {
        guard let limit else { return .never }
        return .after(nanoseconds: min(limit, UInt64.max / 1_000_000) * 1_000_000, from: now())
    }

    func deadline(afterNanoseconds span: UInt64) -> Deadline { .after(nanoseconds: span, from: now()) }

    func waitForDeadline(of run: RESTRun) { deadlines.watch(run) }

    /// Does nothing when the run is not waited for.
    func stopWaiting(_ run: RESTRun) { if run.deadlineQueuePosition != nil { deadlines.stop(run) } }

    /// The `Date` of a response that is written now.
    func currentDate() -> [UInt8] {
        date.update(now: HTTPDate.now())
        return date.text
    }

    /// The answer that says what went wrong.
    func response(to error: ServingError) -> HTTPResponse {
        var response = HTTPResponse(status: HTTPStatus(error.code), allocator: allocator)
        response.code = error.code
        response.error = error.message
        response.retryAfterNanoseconds = error.retryAfterNanoseconds
        response.buffer.writeBytes(ErrorAnswer.json(error.message))
        return response
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

    private func flushIntake() {
        intake.flush()
        flushAll()
    }

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
