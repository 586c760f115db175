import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors

/// A model in an engine process, and in the next one when that has ended.
final class ProcessModel: LoadedModel {
    let signatures: [Signature]
    private let engine: ProcessEngine
    private let request: LoadRequest
    private let state: Mutex<State>

    private struct State {
        enum Phase {
            case up(WorkerProcess)
            /// Until when nothing is tried.
            case down(ServingError, until: MonotonicTime)
            case closed
        }

        var phase: Phase
        var delay = RestartDelay(longest: 30_000_000_000)
    }

    init(engine: ProcessEngine, request: LoadRequest) throws(ServingError) {
        self.engine = engine
        self.request = request
        let (worker, signatures) = try Self.start(engine, request)
        self.signatures = signatures
        state = Mutex(State(phase: .up(worker)))
        try watch(worker)
    }

    deinit { close() }

    var externalBytes: Int {
        if case .up(let worker) = state.withLock({ $0.phase }) { worker.privateBytes } else { 0 }
    }

    func run(_ request: RunRequest) throws(ServingError) -> [Tensor] {
        try run([request]) { writer in
            writer.write(.run)
            writer.write(request)
        }
    }

    func runJointly(_ parts: [RunRequest]) throws(ServingError) -> [Tensor] {
        try run(parts) { writer in
            writer.write(.runJointly)
            writer.write(parts) { $0.write($1) }
        }
    }

    func close() {
        let worker = state.withLock { state in
            defer { state.phase = .closed }
            if case .up(let worker) = state.phase { return worker as WorkerProcess? }
            return nil
        }
        guard let worker else { return }
        worker.kill()
        // Its memory is back when it is gone.
        _ = worker.end.wait()
    }

    private func run(
        _ parts: [RunRequest],
        _ write: (inout MessageWriter) -> Void
    ) throws(ServingError) -> [Tensor] {
        let worker = try worker()
        let channel = worker.channels.take()
        guard let answer = try exchange(write, on: channel, of: worker) else {
            // Whoever waits for it finds out the same.
            worker.channels.giveBack(channel)
            throw .unavailable(
                "The engine process of \(engine.model) ended \(Self.end(of: worker)) while it had this request; it is "
                    + "started again"
            )
        }
        // Others may wait for the channel; small tensors are copied sooner than they could.
        let isLent = answer.count >= Self.lentFrom && worker.channels.canSpareOne
        let lent = LentAnswer(channel, of: worker.channels)
        var reader = MessageReader(answer, owner: lent)
        let tensors = try reader.outputs(of: parts.reduce(0) { $0 + $1.outputs.count }, trace: parts.first?.trace)
        return isLent ? tensors : try tensors.map { (tensor) throws(ServingError) in try tensor.copied() }
    }

    private static let lentFrom = 16 << 10

    /// A channel whose request did not fit stays usable.
    private func exchange(
        _ write: (inout MessageWriter) -> Void,
        on channel: EngineChannel,
        of worker: WorkerProcess
    ) throws(ServingError) -> UnsafeRawBufferPointer? {
        do throws(ServingError) {
            return try channel.exchange(write)
        } catch {
            worker.channels.giveBack(channel)
            throw error
        }
    }

    /// - Throws: `UNAVAILABLE`, with when to come again, while there is no process.
    private func worker() throws(ServingError) -> WorkerProcess {
        switch state.withLock({ $0.phase }) {
        case .up(let worker): return worker
        case .down(var error, let until):
            error.retryAfterNanoseconds = max(until.nanoseconds(since: .now()), RestartDelay.first)
            throw error
        case .closed: throw .unavailable("The engine process of \(engine.model) was ended")
        }
    }

    /// Of a process whose line is broken: it has ended, or lost its mind and is ended now.
    private static func end(of worker: WorkerProcess) -> ProcessEnd {
        worker.kill()
        return worker.end.wait().get()
    }
}

// MARK: Starting, and starting again

extension ProcessModel {
    /// A process with the model loaded, which nobody watches yet.
    private static func start(
        _ engine: ProcessEngine,
        _ request: LoadRequest
    ) throws(ServingError) -> (WorkerProcess, [Signature]) {
        let worker = try WorkerProcess(name: "apus: \(engine.model)", channels: engine.channels)
        do throws(ServingError) {
            let channel = worker.channels.take()
            defer { worker.channels.giveBack(channel) }
            let answer = try channel.exchange { writer in
                writer.write(.load)
                writer.write(engine.settings)
                writer.write(request)
            }
            guard let answer else { throw .unavailable("") }
            var reader = MessageReader(answer, owner: channel)
            try reader.checkSuccess()
            return (worker, try reader.list { (reader) throws(ServingError) in try reader.signature() })
        } catch {
            let end = worker.endNow()
            guard error.message.isEmpty else { throw error }
            throw .unavailable("The engine process of \(engine.model) ended \(end) while it loaded the model")
        }
    }

    private func watch(_ worker: WorkerProcess) throws(ServingError) {
        try worker.watch { [weak self] end in self?.ended(worker, end) }
    }

    private func ended(_ worker: WorkerProcess, _ end: ProcessEnd) {
        let lifetime = MonotonicTime.now().nanoseconds(since: worker.started)
        goDown(
            .unavailable("The engine process of \(engine.model) ended \(end); it is started again"),
            afterLifetime: lifetime
        ) { phase in
            if case .up(let current) = phase { current === worker } else { false }
        }
    }

    /// Notes that there is no process, tells of it, and sees to it that one is started after a while.
    private func goDown(
        _ error: ServingError,
        afterLifetime lifetime: UInt64,
        if isCurrent: (State.Phase) -> Bool
    ) {
        let delay = state.withLock { state -> UInt64? in
            guard isCurrent(state.phase) else { return nil }
            let delay = state.delay.next(afterLifetime: lifetime)
            state.phase = .down(error, until: .now().advanced(byNanoseconds: delay))
            return delay
        }
        guard let delay else { return }
        engine.observer(error)
        engine.timer(delay) { [weak self] in self?.startAgainOnOwnThread() }
    }

    private var isDown: Bool {
        if case .down = state.withLock({ $0.phase }) { true } else { false }
    }

    private func startAgainOnOwnThread() {
        do throws(ServingError) {
            try startThreadIfPossible(named: "engine-start") { self.startAgain() }
        } catch {
            goDown(error, afterLifetime: 0) { if case .down = $0 { true } else { false } }
        }
    }

    private func startAgain() {
        guard isDown else { return }
        do throws(ServingError) {
            let (worker, signatures) = try Self.start(engine, request)
            guard signatures.describeTheSame(as: self.signatures) else {
                worker.endNow()
                throw .failedPrecondition(
                    "The files of \(engine.model) have changed: its signatures are not those it was loaded with"
                )
            }
            let isWanted = state.withLock { state in
                guard case .down = state.phase else { return false }
                state.phase = .up(worker)
                return true
            }
            guard isWanted else {
                worker.endNow()
                return
            }
            engine.observer(nil)
            try watch(worker)
        } catch {
            let error = ServingError.unavailable(
                "The engine process of \(engine.model) cannot be started again: \(error.message)"
            )
            goDown(error, afterLifetime: 0) { if case .closed = $0 { false } else { true } }
        }
    }
}
