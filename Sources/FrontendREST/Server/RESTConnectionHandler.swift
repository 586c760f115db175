import AccessControl
import Inference
import NIOCore
import ServingPrimitives
import Telemetry

/// One HTTP/1.1 connection: takes requests from its bytes, has them answered, and writes the answers in order.
///
/// Reading stops while too many answers are due or the client does not take what is written; both bound the memory a
/// client can hold.
final class RESTConnectionHandler: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    // Sendable: only touched on the connection's event loop; answers of engine threads come through its mailbox.

    /// A request whose answer is not written yet.
    private struct Slot {
        var closes: Bool
        var isHead = false
        var hasCORSFields = false
        var run: RESTRun?
        /// What the answer waits for if not a run.
        var work: RESTWork?
        /// What the body takes of the memory for requests.
        var claim: MemoryClaim?
        /// Of a request that is not answered yet.
        var record: RequestRecord?
        var answer: ByteBuffer?
    }

    private let responder: RESTResponder
    private let configuration: RESTConfiguration
    private let loop: RESTLoop
    /// The client's address, for those who tell of requests.
    private let address: String
    private var connection: HTTP1Connection
    private var context: ChannelHandlerContext?
    /// Oldest first; answers go out from the front.
    private var slots: [Slot] = []
    private var firstSlot = 0
    /// No more requests are taken; the connection ends with the last answer.
    private var isClosing = false
    /// The last answer is out, and what still comes is thrown away.
    private var isLingering = false
    /// After a fault of the client: closing at once would reset the connection and could take the answer with it.
    private var lingers = false
    private var isProcessing = false
    /// Another thread reads the body of a request; the next request waits, so that a client has one such thread.
    private var isReadingBody = false
    private var isInReadCycle = false
    private var isReadHeld = false
    private var hasUnflushed = false
    private var isWaitingForFlush = false
    private var watch = ProgressWatch()

    init(responder: RESTResponder, configuration: RESTConfiguration, loop: RESTLoop, address: String = "") {
        self.responder = responder
        self.configuration = configuration
        self.loop = loop
        self.address = address
        self.connection = HTTP1Connection(limits: configuration.limits, memoryBudget: configuration.memoryBudget)
        if !configuration.access.isOpen {
            // The connection is a part of this object.
            connection.refusal = { [unowned self] in responder.refusal(of: $0, on: loop) { self.peer } }
        }
    }

    /// Who is at the other end, for logs.
    var peer: String { context?.remoteAddress.map { "\($0)" } ?? "" }

    private var takesRequests: Bool {
        !isClosing && !isReadingBody && slots.count < configuration.maximumPipelinedRequests
            && (context?.channel.isWritable ?? false)
    }
}

// MARK: Channel events

extension RESTConnectionHandler {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInReadCycle = true
        watch.receivedBytes &+= 1
        guard !isClosing else { return }
        connection.receive(unwrapInboundIn(data))
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInReadCycle = false
        flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        // A lingering connection reads on only to see the client's end of it.
        if takesRequests || isLingering { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        process()
        resumeReading()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            isClosing = true
            if slots.isEmpty { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func end() {
        guard context != nil else { return }
        context = nil
        isClosing = true
        for slot in slots {
            endRecord(of: slot, .cancelled)
            slot.work?.end()
            guard let run = slot.run else { continue }
            run.queued.cancel()
            loop.stopWaiting(run)
        }
        slots.removeAll()
        loop.remove(self)
    }
}

// MARK: Requests

extension RESTConnectionHandler {
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while takesRequests {
            switch connection.next() {
            case .needsBytes: return
            case .continueExpected:
                open(Slot(closes: false, answer: ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")))
            case .request(let head, let body): take(head, body)
            case .failure(let failure): refuse(failure)
            }
        }
    }

    private func take(_ head: HTTP1RequestHead, _ body: ByteBuffer) {
        let closes = !head.keepsAlive || loop.isDraining
        if closes { isClosing = true }
        watch.requests &+= 1
        let number = firstSlot + slots.count
        let isV1 = RESTResponder.isV1(head.target)
        var slot = Slot(closes: closes, isHead: head.method == .head, hasCORSFields: isV1 && configuration.enablesCORS)
        slot.claim = connection.takeClaim()
        slot.record = beginRecord(head.trace, byteCount: body.readableBytes)
        slots.append(slot)
        responder.answer(head, RequestBody(bytes: body), for: RESTCall(handler: self, number: number, loop: loop))
    }

    private func refuse(_ failure: HTTP1Failure) {
        isClosing = true
        lingers = true
        var response = HTTPResponse(status: failure.status, allocator: loop.allocator)
        response.buffer.writeBytes(ErrorAnswer.json(failure.message))
        let number = firstSlot + slots.count
        response.code = failure.status.nearestCode
        response.error = failure.message
        slots.append(Slot(closes: true, record: beginRecord(nil, byteCount: 0)))
        finish(number, response)
    }

    private func open(_ slot: Slot) {
        slots.append(slot)
        writeAnswers()
    }

    private func beginRecord(_ trace: TraceFields?, byteCount: Int) -> RequestRecord {
        var record = loop.telemetry.begin(.unknown, at: loop.now(), trace: trace)
        record.requestByteCount = byteCount
        record.peer = address
        return record
    }

    private func endRecord(of slot: Slot, _ code: CanonicalCode, _ note: (inout RequestRecord) -> Void = { _ in }) {
        guard var record = slot.record else { return }
        if let run = slot.run { record.take(run.queued) }
        record.code = code
        note(&record)
        loop.telemetry.end(&record)
    }

    /// Says what the request of that number asks for.
    func describe(_ number: Int, _ describe: (inout RequestRecord) -> Void) {
        guard isOpen(number), var record = slots[number - firstSlot].record else { return }
        describe(&record)
        slots[number - firstSlot].record = record
    }

    func beginReadingBody() { isReadingBody = true }

    func endReadingBody() {
        isReadingBody = false
        process()
        resumeReading()
    }

    /// Says that the request of that number is answered by a run, whose deadline is watched unless it is over.
    func begin(_ run: RESTRun, for number: Int) {
        guard isOpen(number) else { return }
        slots[number - firstSlot].run = run
        if !run.deadline.isNever { loop.waitForDeadline(of: run) }
    }

    /// Says that the request of that number waits for something, which is cancelled when nobody waits any more.
    func begin(_ work: RESTWork, for number: Int) {
        guard isOpen(number) else { return work.end() }
        slots[number - firstSlot].work = work
    }

    /// Says that what the request of that number waited for is there, and its answer is not.
    func endWork(for number: Int) {
        guard isOpen(number) else { return }
        slots[number - firstSlot].work?.limit?.cancel()
        slots[number - firstSlot].work = nil
    }

    /// Whether the request of that number waits for its answer.
    func isOpen(_ number: Int) -> Bool {
        number >= firstSlot && number - firstSlot < slots.count && slots[number - firstSlot].answer == nil
    }

    /// The answer to the request of that number. Nothing happens when it was answered before, or the connection is gone.
    func finish(_ number: Int, _ response: HTTPResponse) {
        guard context != nil, isOpen(number) else { return }
        let index = number - firstSlot
        // A connection that learns of the shutdown with this answer still tells its client.
        if loop.isDraining, index == slots.count - 1 {
            slots[index].closes = true
            isClosing = true
        }
        let slot = slots[index]
        let (code, status, error, byteCount) = (
            response.code, response.status.code, response.error, response.buffer.readableBytes
        )
        slots[index].answer = response.serialized(
            HTTPResponse.Options(
                date: loop.currentDate(),
                closes: slot.closes,
                hasCORSFields: slot.hasCORSFields,
                omitsBody: slot.isHead
            )
        )
        endRecord(of: slot, code) { record in
            record.httpStatus = UInt16(clamping: status)
            record.error = error
            record.answerByteCount = byteCount
        }
        slots[index].record = nil
        if let run = slots[index].run {
            loop.stopWaiting(run)
            slots[index].run = nil
        }
        slots[index].work?.end()
        slots[index].work = nil
        slots[index].claim = nil
        if index == 0 { writeAnswers() }
    }
}

// MARK: Answers

extension RESTConnectionHandler {
    private func writeAnswers() {
        guard let context else { return }
        var count = 0
        while count < slots.count, let answer = slots[count].answer {
            count += 1
            hasUnflushed = true
            if slots[count - 1].closes {
                slots.removeFirst(count)
                firstSlot += count
                return writeLast(answer, context)
            }
            context.write(wrapOutboundOut(answer), promise: nil)
        }
        slots.removeFirst(count)
        firstSlot += count
        if isClosing, slots.isEmpty { return close(after: context) }
        scheduleFlush()
        guard !isProcessing else { return }
        process()
        resumeReading()
    }

    private func writeLast(_ answer: ByteBuffer, _ context: ChannelHandlerContext) {
        isClosing = true
        context.write(wrapOutboundOut(answer), promise: nil)
        close(after: context)
    }

    /// Sends what is written and ends the connection.
    private func close(after context: ChannelHandlerContext) {
        hasUnflushed = false
        context.flush()
        isLingering = true
        // Also for TLS, which closes when it has read the client's end of it.
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
        if lingers { context.close(mode: .output, promise: nil) } else { context.close(promise: nil) }
    }

    private func resumeReading() {
        guard isReadHeld, takesRequests, let context else { return }
        isReadHeld = false
        context.read()
    }

    /// One flush for everything that a read cycle or a batch of completions writes.
    private func scheduleFlush() {
        guard hasUnflushed, !isInReadCycle, !isWaitingForFlush else { return }
        isWaitingForFlush = true
        loop.flushLater(self)
    }

    func flush() {
        isWaitingForFlush = false
        guard hasUnflushed, let context else { return }
        hasUnflushed = false
        context.flush()
    }
}

// MARK: Time and shutdown

extension RESTConnectionHandler {
    /// Called every second.
    func tick() {
        guard let context else { return }
        let phase: ProgressWatch.Phase =
            if isLingering {
                .lingering
            } else if !context.channel.isWritable {
                .writing
            } else if !slots.isEmpty {
                .answering
            } else if connection.isInsideBody {
                .body
            } else if connection.isInsideRequest {
                .head
            } else {
                .idle
            }
        let seconds = watch.secondsWithoutProgress(phase)
        switch phase {
        case .answering: return
        case .head where seconds > configuration.headTimeoutSeconds,
            .body where seconds > configuration.bodyTimeoutSeconds:
            refuse(HTTP1Failure(status: .requestTimeout, message: "The rest of the request did not come in time"))
            flush()
        case .idle where seconds > configuration.idleTimeoutSeconds,
            .writing where seconds > configuration.writeTimeoutSeconds,
            .lingering where seconds > 2:
            context.close(promise: nil)
        case .head, .body, .idle, .writing, .lingering: return
        }
    }

    /// Ends the connection with the answer to what has been received so far, at once when there is nothing.
    func beginDraining() {
        guard let context else { return }
        if slots.isEmpty, !connection.isInsideRequest { context.close(promise: nil) }
    }

    func closeNow() { context?.close(promise: nil) }
}

/// Counts seconds during which a connection made no progress, without reading a clock for every request.
private struct ProgressWatch {
    enum Phase {
        case idle
        case head
        case body
        case answering
        case writing
        case lingering
    }

    var requests: UInt32 = 0
    var receivedBytes: UInt32 = 0
    private var last: (phase: Phase, requests: UInt32, receivedBytes: UInt32) = (.idle, 0, 0)
    private var seconds = 0

    /// Called once a second.
    mutating func secondsWithoutProgress(_ phase: Phase) -> Int {
        // A head is measured from its first byte: sending it byte by byte is no progress.
        let isSame =
            last.phase == phase && last.requests == requests
            && (phase != .body || last.receivedBytes == receivedBytes)
        seconds = isSame ? seconds + 1 : 0
        last = (phase, requests, receivedBytes)
        return seconds
    }
}
