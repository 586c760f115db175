import EventLoopSupport
import NIOCore
import ServingMetrics
import ServingPrimitives

/// What all connections on one event loop share: the way back to the loop for completions, and their deadlines.
final class GRPCEventLoop: @unchecked Sendable {
    // Sendable: other threads only use `eventLoop`, `mailbox` and `now`; everything else belongs to the loop.
    private let eventLoop: any EventLoop
    private let mailbox: CompletionMailbox
    let now: @Sendable () -> MonotonicTime
    var metrics: ModelMetricsCache
    private let deadlines: DeadlineTimer<GRPCCall>
    private let unflushed: FlushList

    init(
        _ eventLoop: any EventLoop,
        metrics: ServerMetrics,
        now: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) {
        let unflushed = FlushList()
        self.eventLoop = eventLoop
        self.unflushed = unflushed
        self.mailbox = CompletionMailbox(eventLoop: eventLoop) { unflushed.flush() }
        self.now = now
        self.metrics = ModelMetricsCache(metrics)
        self.deadlines = DeadlineTimer(eventLoop: eventLoop, now: now) { call in
            call.deadlinePassed()
            unflushed.add(call)
        } batchEnded: {
            unflushed.flush()
        }
    }

    /// The deadline of a call whose headers came now.
    func deadline(afterNanoseconds timeout: UInt64) -> Deadline { .after(nanoseconds: timeout, from: now()) }

    /// Gives `event` to `call` on the loop: at once when called there, else with the next wake-up. Any thread may call
    /// this.
    func deliver(_ event: GRPCCall.Event, to call: GRPCCall) {
        // The loop's own thread gets here only from inside a call to the inference service, where the read cycle (or
        // the mailbox) that led there also sends the answer.
        guard !eventLoop.inEventLoop else { return call.handle(event) }
        post(event, to: call)
    }

    /// As `deliver`, but never before the caller has returned.
    func post(_ event: GRPCCall.Event, to call: GRPCCall) {
        mailbox.post { [unflushed] in
            call.handle(event)
            unflushed.add(call)
        }
    }

    /// As `post`, but so much later. Called on the loop.
    func post(_ event: GRPCCall.Event, to call: GRPCCall, afterNanoseconds delay: UInt64) -> Scheduled<Void> {
        eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: delay))) { [self] in post(event, to: call) }
    }

    /// Watches the deadline of a call until `stopWaiting`; the call is told with `deadlinePassed`.
    func waitForDeadline(of call: GRPCCall) { deadlines.watch(call) }

    func stopWaiting(_ call: GRPCCall) { deadlines.stop(call) }
}
