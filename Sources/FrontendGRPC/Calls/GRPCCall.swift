import AccessControl
import EventLoopSupport
import HTTP2Server
import Inference
import NIOCore
import NIOPosix
import Servables
import ServingPrimitives
import Telemetry
import WireFormat

/// One call, from its headers to its status. Answered exactly once: by its completion, its deadline, a refusal or the
/// end of its stream, whichever the event loop sees first.
final class GRPCCall: DeadlineQueueElement, @unchecked Sendable {
    // Sendable so that completions on other threads can carry a reference back to the event loop. Nothing else may
    // be done with it there: all members belong to the loop of the connection.

    /// What comes back from other threads.
    enum Event: Sendable {
        case predicted(Result<PredictResult, ServingError>)
        case classified(Result<ClassifyResult, ServingError>)
        case regressed(Result<RegressResult, ServingError>)
        case multiInferred(Result<MultiInferenceResult, ServingError>)
        /// The model that the call waited for is there.
        case loaded(Result<ResolvedModel, ServingError>)
        case decompressed(Result<ByteBuffer, ServingError>)
        /// The serialized answer of a call that waited for something other than a run.
        case answered(Result<[UInt8], ServingError>)
        case healthChanged
        case profileEnded
        case profiled(Result<[UInt8], ServingError>)
    }

    let connection: GRPCConnection
    /// Who calls; `nil` where nobody is asked.
    let caller: AccessCaller?
    let deadline: Deadline
    var deadlineQueuePosition: Int?
    private let stream: HTTP2ServerStream
    private let method: GRPCMethod
    private let encoding: MessageEncoding
    /// The client's timeout is 0.
    private let hasNoTime: Bool
    /// What the message's prefix says of its length, when that was seen before the whole message.
    private var announcedByteCount: Int?
    private let priority: Int
    private let tenant: Int
    /// The run that the answer waits for.
    private var run: QueuedRun?
    /// The load of a model that the call waits for, and what goes on then.
    private var load: LeaseWait?
    private var afterLoad: ((ResolvedModel) -> Void)?
    private var watch: HealthWatch?
    private var record: RequestRecord
    /// Waits for models that are being loaded; cancelled when nobody waits for the answer any more.
    private var waiting: Task<Void, Never>?
    var profile: Profile?
    /// What a decompressed message takes of the memory for requests.
    private var claim: MemoryClaim?
    private var isFinished = false
    private let timeout: UInt64?

    var services: GRPCServices { connection.services }
    var loop: GRPCEventLoop { connection.loop }

    init(_ head: GRPCRequestHead, caller: AccessCaller? = nil, stream: HTTP2ServerStream, connection: GRPCConnection) {
        self.connection = connection
        self.caller = caller
        self.stream = stream
        self.method = head.method
        self.encoding = head.encoding
        self.hasNoTime = head.timeoutNanoseconds == 0
        self.timeout = head.timeoutNanoseconds
        self.priority = head.priority
        self.tenant = head.tenant.isEmpty ? 0 : connection.services.inference.tenants.number(of: head.tenant)
        let now = connection.loop.now()
        self.deadline = head.timeoutNanoseconds.map { .after(nanoseconds: $0, from: now) } ?? .never
        self.record = connection.loop.telemetry.begin(head.method.api, at: now, trace: head.trace)
        self.record.peer = connection.address
    }

    /// Whether nine tenths of the client's time are over, which was five milliseconds at least. The client counts from
    /// before the headers came. What is given up sooner is not for lack of time, and could be a flood.
    var isNearItsDeadline: Bool {
        guard let timeout, timeout >= 5_000_000 else { return false }
        return deadline.remaining(at: loop.now()) <= max(timeout / 10, 1_000_000)
    }

    /// Starts the clock of the deadline, which also runs while the request is still coming.
    func start() {
        guard !deadline.isNever else { return }
        // Answered without waiting for a timer, which might come after the rest of the request.
        if hasNoTime { deadlinePassed() } else { loop.waitForDeadline(of: self) }
    }
}

// MARK: - Receiving

extension GRPCCall {
    /// Compressed messages above this size are decompressed on another thread (about 100 µs of work).
    private static let inlineDecompressionLimit = 16 * 1024

    /// How long the body is going to be and which byte the engine wants aligned, from its first bytes.
    func bodyLayout(prefix: UnsafeRawBufferPointer) -> HTTP2BodyLayout? {
        guard let framing = GRPCFraming.Prefix(prefix) else { return nil }
        announcedByteCount = framing.messageByteCount
        let message = UnsafeRawBufferPointer(rebasing: prefix.dropFirst(GRPCFraming.prefixByteCount))
        let isPlainPredict = method == .predict && framing.flag == 0
        let payload = isPlainPredict ? PredictRequestDecoder.payloadOffset(inPrefix: message) : nil
        return HTTP2BodyLayout(
            expectedByteCount: GRPCFraming.prefixByteCount + framing.messageByteCount,
            alignedOffset: GRPCFraming.prefixByteCount + (payload ?? 0)
        )
    }

    /// The whole request has come.
    func receive(_ body: ByteBuffer) {
        guard !isFinished else { return }
        record.complete = loop.now()
        record.requestByteCount = body.readableBytes
        do throws(ServingError) {
            let prefix = try body.messagePrefix(maximumByteCount: services.maximumRequestByteCount)
            var message = body
            // Not a slice: NIO copies those that start far inside a buffer.
            message.moveReaderIndex(forwardBy: GRPCFraming.prefixByteCount)
            if prefix.isCompressed { try decompress(message) } else { handleMessage(message) }
        } catch {
            fail(error)
        }
    }

    func refuseBody(_ reason: HTTP2BodyRefusal) {
        switch reason {
        case .tooLarge:
            let limit = services.maximumRequestByteCount
            fail(GRPCFraming.tooLarge(announcedByteCount.flatMap { $0 > limit ? $0 : nil }, limit: limit))
        case .overBudget:
            fail(
                ServingError(
                    .resourceExhausted,
                    "The server holds as many bytes of unfinished requests as it may; retry later"
                )
            )
        }
    }

    private func decompress(_ message: ByteBuffer) throws(ServingError) {
        let encoding = encoding
        guard encoding != .identity else { throw .internalError("Compression bit set but no encoding configured") }
        let limit = services.maximumDecompressedByteCount
        guard message.readableBytes > Self.inlineDecompressionLimit else {
            return handleDecompressed(try message.decompressed(encoding, maximumByteCount: limit))
        }
        services.decompressionThreads.submit { [loop, self] _ in
            let result = Result { () throws(ServingError) in
                try message.decompressed(encoding, maximumByteCount: limit)
            }
            loop.post(.decompressed(result), to: self)
        }
    }

    /// The decompressed message counts on top of the compressed one, which is still there.
    private func handleDecompressed(_ message: ByteBuffer) {
        if let budget = services.memoryBudget, message.readableBytes > MemoryClaim.uncountedByteCount {
            let claim = MemoryClaim(budget)
            guard claim.canGrow(to: message.readableBytes) else { return refuseBody(.overBudget) }
            self.claim = claim
        }
        handleMessage(message)
    }

    /// Carries the call out. `message` is the request as serialized by the client.
    private func handleMessage(_ message: ByteBuffer) {
        switch method {
        case .predict: predict(message)
        case .classify: classify(message)
        case .regress: regress(message)
        case .multiInference: multiInference(message)
        case .getModelMetadata:
            noteModel(of: message)
            answerMetadata(message)
        case .getModelStatus:
            noteModel(of: message)
            answer(message) { m throws(ServingError) in try GetModelStatus.answer(m, services, allows: authorize) }
        case .healthCheck: answer(message) { m throws(ServingError) in try HealthCheck.answer(m, services.health) }
        case .healthWatch: startWatch(message)
        case .handleReloadConfigRequest: startReload(message)
        case .serverLive: answer { () throws(ServingError) in try InferenceRepository.live() }
        case .serverReady: answer { () throws(ServingError) in try InferenceRepository.ready(services.health) }
        case .modelReady:
            answer(message) { m throws(ServingError) in try InferenceRepository.modelReady(m, services) }
        case .serverMetadata: answer { () throws(ServingError) in try InferenceRepository.metadata(services) }
        case .repositoryIndex: startIndex(message)
        case .repositoryModelLoad: startLoad(message)
        case .repositoryModelUnload: startUnload(message)
        case .getReplicas: answer(message) { m throws(ServingError) in try AgentService.replicas(m, services) }
        case .getResource: answer { () throws(ServingError) in try AgentService.resource(services) }
        case .heartBeat: answer(message) { m throws(ServingError) in try AgentService.heartBeat(m, services) }
        case .profile: startProfile(message)
        case .terminateProfile:
            answer(message) { m throws(ServingError) in try Profiler.terminate(m, services.profiler) }
        case .monitor, .startContinuousProfiling, .stopContinuousProfiling, .getSnapshot:
            preconditionFailure("\(method) is refused before its message is read")
        }
    }
}

// MARK: - Predict

extension GRPCCall {
    private func predict(_ message: ByteBuffer) {
        do throws(ServingError) {
            var request = try decode(message) { m throws(ServingError) in try m.decodePredictRequest() }
            note(model: request.model.name)
            try authorize(request.model.name)
            request.terms = terms
            predict(request)
        } catch {
            fail(error)
        }
    }

    private func predict(_ request: PredictCall) {
        let model: ResolvedModel
        do throws(ServingError) {
            model = try services.inference.resolveForRun(request.model)
        } catch {
            return wait(for: request.model, after: error) { [self] in predict(request, on: $0) }
        }
        predict(request, on: model)
    }

    private func predict(_ request: PredictCall, on model: ResolvedModel) {
        start(
            services.inference.predict(request, on: model, intake: loop.intake) { [loop, self] result in
                loop.deliver(.predicted(result), to: self)
            }
        )
    }

    /// Checks that the caller may do this with the model; the rest was checked when the headers came.
    func authorize(_ model: String) throws(ServingError) {
        guard let caller, let verb = method.verb else { return }
        try services.access.check(caller, verb, model: model, peer: connection.peer)
    }

    var terms: CallTerms { CallTerms(deadline: deadline, priority: priority, tenant: tenant) }

    /// Waits for a run, which is cancelled when nobody waits for the answer any more.
    func start(_ run: QueuedRun?) { if !isFinished { self.run = run } }

    private func send(_ result: PredictResult) {
        do throws(ServingError) {
            let encoder = try PredictResponseEncoder(result, encoding: services.tensorEncoding)
            send(byteCount: encoder.byteCount, encoder.write(into:))
        } catch {
            fail(error)
        }
        // The model version stays loaded until its answer is with the transport.
        withExtendedLifetime(result.lease) {}
    }
}

// MARK: - Models at rest

extension GRPCCall {
    /// Waits until a model that was not found is loaded, if it is one that rests, or is back, and goes on with it.
    ///
    /// - Parameter error: why it was not found.
    func wait(
        for selector: ModelSelector,
        after error: ServingError,
        isForRun: Bool = true,
        _ proceed: @escaping (ResolvedModel) -> Void
    ) {
        guard services.inference.mayWait(after: error) else { return fail(error) }
        afterLoad = proceed
        record.modelWait = .running
        load = services.inference.whenLoaded(selector, by: deadline, isForRun: isForRun) { [loop, self] result in
            loop.post(.loaded(result), to: self)
        }
    }

    private func goOn(with model: ResolvedModel) {
        let proceed = afterLoad
        record.modelWait = .ended(loop.now())
        (load, afterLoad) = (nil, nil)
        proceed?(model)
    }

    private func answerMetadata(_ message: ByteBuffer) {
        do throws(ServingError) {
            let selector = try GetModelMetadata.model(message, allows: authorize)
            let model: ResolvedModel
            do throws(ServingError) {
                model = try services.inference.resolve(selector)
            } catch {
                return wait(for: selector, after: error, isForRun: false) { [self] in answerMetadata(of: $0) }
            }
            answerMetadata(of: model)
        } catch {
            fail(error)
        }
    }

    private func answerMetadata(of model: ResolvedModel) {
        answer { () throws(ServingError) in try GetModelMetadata.answer(services.inference.metadata(of: model)) }
    }
}

// MARK: - Health watch

extension GRPCCall {
    private func startWatch(_ message: ByteBuffer) {
        do throws(ServingError) {
            let service = try HealthCheck.service(message)
            watch = HealthWatch(service: service, health: services.health) { [loop, self] in
                loop.post(.healthChanged, to: self)
            }
            stream.sendGRPCHeaders()
            sendHealth()
            connection.addWatch(self)
        } catch {
            fail(error)
        }
    }

    private func sendHealth() {
        do throws(ServingError) {
            guard let message = try watch?.nextMessage() else { return }
            stream.sendGRPCMessage(byteCount: message.count) { $0.copyBytes(from: message) }
        } catch {
            fail(error)
        }
    }

    /// Ends a health watch or the wait for models because the server stops.
    func endWatch() {
        sendHealth()
        fail(.unavailable("The server is shutting down"))
    }
}

// MARK: - Waiting

extension GRPCCall {
    /// Answers with what `makeAnswer` comes to, which may take any time. Off the loop from the start: a long list of models
    /// takes its time to read.
    func wait(for makeAnswer: @escaping @Sendable () async throws(ServingError) -> [UInt8]) {
        waiting = Task { [loop, self] in
            let result: Result<[UInt8], ServingError>
            do throws(ServingError) {
                result = .success(try await makeAnswer())
            } catch {
                result = .failure(error)
            }
            loop.post(.answered(result), to: self)
        }
        connection.addWatch(self)
    }
}

// MARK: - Ending

extension GRPCCall {
    /// An event from another thread; too late for a call that was answered meanwhile.
    func handle(_ event: Event) {
        guard !isFinished else { return }
        switch event {
        case .predicted(.success(let result)): send(result)
        case .decompressed(.success(let message)): handleDecompressed(message)
        case .classified(.success(let result)): send(result)
        case .regressed(.success(let result)): send(result)
        case .multiInferred(.success(let result)): send(result)
        case .loaded(.success(let model)): goOn(with: model)
        case .answered(.success(let answer)): send(byteCount: answer.count) { $0.copyBytes(from: answer) }
        case .predicted(.failure(let error)), .decompressed(.failure(let error)), .classified(.failure(let error)),
            .regressed(.failure(let error)), .multiInferred(.failure(let error)), .answered(.failure(let error)),
            .profiled(.failure(let error)), .loaded(.failure(let error)):
            fail(error)
        case .healthChanged: sendHealth()
        case .profileEnded: endProfile()
        case .profiled(.success(let answer)): send(byteCount: answer.count) { $0.copyBytes(from: answer) }
        }
    }

    func deadlinePassed() {
        let run = run
        fail(.deadlineExceeded("Deadline Exceeded"))
        run?.cancel()
    }

    /// Sends what the connection has collected outside of a read cycle.
    func flush() { stream.flush() }

    /// The stream is gone: nobody can be answered any more.
    func cancel() {
        let run = run
        finish(.cancelled)
        loop.telemetry.end(&record)
        run?.cancel()
    }

    private func answer(_ message: ByteBuffer, with method: (ByteBuffer) throws(ServingError) -> [UInt8]) {
        answer { () throws(ServingError) in try method(message) }
    }

    private func answer(_ makeAnswer: () throws(ServingError) -> [UInt8]) {
        do throws(ServingError) {
            let answer = try makeAnswer()
            send(byteCount: answer.count) { $0.copyBytes(from: answer) }
        } catch {
            fail(error)
        }
    }

    /// Answers with one message and status OK.
    func send(byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        let limit = services.maximumAnswerByteCount
        guard byteCount <= limit else {
            // gRPC core's text.
            return fail(
                ServingError(.resourceExhausted, "SERVER: Sent message larger than max (\(byteCount) vs. \(limit))")
            )
        }
        finish(.ok)
        stream.sendGRPCHeaders()
        stream.sendGRPCMessage(byteCount: byteCount, write)
        stream.sendGRPCSuccess()
        record.answerByteCount = byteCount
        loop.telemetry.end(&record)
    }

    func fail(_ error: ServingError) {
        guard !isFinished else { return }
        let headersSent = watch != nil
        finish(error.code)
        stream.sendGRPCError(error, headersSent: headersSent)
        record.error = error.message
        loop.telemetry.end(&record)
    }

    /// The call is over, but for what is sent; then its record ends.
    private func finish(_ code: CanonicalCode) {
        isFinished = true
        if let run { record.take(run) }
        run = nil
        load?.cancel()
        (load, afterLoad) = (nil, nil)
        claim = nil
        record.code = code
        dropProfile()
        loop.stopWaiting(self)
        // Ends the cycle of references between the stream and its call.
        stream.context = nil
        if watch != nil || waiting != nil {
            waiting?.cancel()
            (watch, waiting) = (nil, nil)
            connection.removeWatch(self)
        }
    }
}

// MARK: - What is noted

extension GRPCCall {
    /// The model that the request names. Only requests of which that is known are counted.
    func note(model: String) {
        record.model = model
        record.counted = method.counted
    }

    /// Where a request is not decoded for more, or cannot be.
    private func noteModel(of message: ByteBuffer) {
        if let model = message.withUnsafeReadableBytes(RequestModelName.find) { note(model: model) }
    }

    /// Decodes a request. Where it cannot be used, what it is counted under is looked for alone.
    func decode<Request>(
        _ message: ByteBuffer,
        _ decode: (ByteBuffer) throws(ServingError) -> Request
    ) throws(ServingError) -> Request {
        do throws(ServingError) {
            return try decode(message)
        } catch {
            noteModel(of: message)
            throw error
        }
    }
}
