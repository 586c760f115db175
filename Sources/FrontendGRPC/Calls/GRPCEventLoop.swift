import EventLoopSupport
import Inference
import NIOCore
import ServingPrimitives
import Telemetry

/// What all connections on one event loop share: the way back to the loop for completions, and their deadlines.
final class GRPCEventLoop: @unchecked Sendable {
    // Sendable: other threads only use `eventLoop`, `mailbox` and `now`; everything else belongs to the loop.
    private let eventLoop: any EventLoop
    private let mailbox: CompletionMailbox
    let now: @Sendable () -> MonotonicTime
    /// Where calls begin and end.
    let telemetry: TelemetryLane
    private let deadlines: DeadlineTimer<GRPCCall>
    private let unflushed: FlushList
    /// Gathers the runs of all connections that are read in one turn of the loop.
    let intake: RunIntake
    private let intakeTurn: IntakeTurn

    init(
        _ eventLoop: any EventLoop,
        telemetry: RequestTelemetry,
        now: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) {
        let unflushed = FlushList()
        let turn = IntakeTurn()
        self.eventLoop = eventLoop
        self.unflushed = unflushed
        self.intakeTurn = turn
        self.intake = RunIntake { turn.schedule(on: eventLoop) }
        self.mailbox = CompletionMailbox(eventLoop: eventLoop) { unflushed.flush() }
        self.now = now
        self.telemetry = telemetry.makeLane(.grpc, now: now)
        self.deadlines = DeadlineTimer(eventLoop: eventLoop, now: now) { call in
            call.deadlinePassed()
            unflushed.add(call)
        } batchEnded: {
            unflushed.flush()
        }
        turn.flush = { [intake] in
            intake.flush()
            unflushed.flush()
        }
    }

    /// Gives `event` to `call` on the loop: at once when called there, else with the next wake-up. Any thread may call
    /// this.
    func deliver(_ event: GRPCCall.Event, to call: GRPCCall) {
        guard !eventLoop.inEventLoop else {
            call.handle(event)
            // A refusal within a read cycle (or the mailbox) is sent with it.
            return intakeTurn.isFlushing ? unflushed.add(call) : ()
        }
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
