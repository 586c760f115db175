import EventLoopSupport
import NIOCore
import ServingPrimitives

/// What all connections on one event loop share: the way back to the loop for completions, and their deadlines.
final class GRPCEventLoop: @unchecked Sendable {
    // Sendable: other threads only use `eventLoop`, `mailbox` and `now`; everything else belongs to the loop.
    private let eventLoop: any EventLoop
    private let mailbox: CompletionMailbox
    private let now: @Sendable () -> MonotonicTime
    private var deadlines = DeadlineQueue<GRPCCall>()
    private var timer: (deadline: Deadline, task: Scheduled<Void>)?
    private let unflushed: FlushList

    init(_ eventLoop: any EventLoop, now: @escaping @Sendable () -> MonotonicTime = { .now() }) {
        let unflushed = FlushList()
        self.eventLoop = eventLoop
        self.unflushed = unflushed
        self.mailbox = CompletionMailbox(eventLoop: eventLoop) { unflushed.flush() }
        self.now = now
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

    /// Watches the deadline of a call until `stopWaiting`; the call is told with `deadlinePassed`.
    func waitForDeadline(of call: GRPCCall) {
        deadlines.insert(call)
        armTimer()
    }

    func stopWaiting(_ call: GRPCCall) { deadlines.remove(call) }

    /// One timer for the earliest deadline. It is left armed when that call is answered: calls that come one after
    /// the other with the same timeout then need a timer once per timeout, not once per call.
    private func armTimer() {
        guard let earliest = deadlines.earliest else { return }
        if let timer {
            guard earliest.time < timer.deadline.time else { return }
            timer.task.cancel()
        }
        let wait = TimeAmount.nanoseconds(Int64(clamping: earliest.remaining(at: now())))
        timer = (earliest, eventLoop.scheduleTask(in: wait) { self.timerFired() })
    }

    private func timerFired() {
        timer = nil
        let time = now()
        while let call = deadlines.popExpired(at: time) {
            call.deadlinePassed()
            unflushed.add(call)
        }
        unflushed.flush()
        armTimer()
    }
}
