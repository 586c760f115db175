import Cluster
import EngineInterface
import HTTPClient
import Inference
import RemoteRouting
import ServingMetrics
import ServingPrimitives
import Synchronization
import Tensors
import WireFormat

/// One call of a model on other machines, until it is answered: does what its `CallCourse` says.
final class RemoteCall: Sendable {
    private struct State: Sendable {
        var course: CallCourse
        var tried: [ReplicaAddress] = []
        /// Those on their way, by their number.
        var attempts: [Int: Attempt] = [:]
        var count = 0
        var isOver = false
    }

    private struct Attempt: Sendable {
        var choice: ReplicaGroup.Choice
        /// `nil` while the request is handed over.
        var ticket: Int?
    }

    private let predictor: RoutedPredictor
    private let name: String
    private let prediction: RemotePrediction
    /// With gRPC's five bytes; the requests of all replicas share it.
    private let message: RequestBody
    private let deadline: Deadline
    private let answer: PendingAnswer
    private let state: Mutex<State>

    init(
        _ predictor: RoutedPredictor,
        _ name: String,
        _ prediction: RemotePrediction,
        _ message: RequestBody,
        _ answer: PendingAnswer
    ) {
        self.predictor = predictor
        self.name = name
        self.prediction = prediction
        self.message = message
        self.answer = answer
        deadline = predictor.rules.deadline(prediction.deadline, at: .now())
        state = Mutex(State(course: CallCourse(predictor.rules)))
    }

    func begin() {
        answer.whenGiven(predictor.deadlines.add(deadline) { self.isLate() })
        guard let first = ask() else { return }
        if let delay = predictor.rules.hedgeDelay {
            let due = Deadline.after(nanoseconds: delay, from: .now())
            if due < deadline { answer.whenGiven(predictor.deadlines.add(due) { self.isSlow() }) }
        }
        if let probe = predictor.routes.probe(name, besides: first.address) { sendProbe(probe) }
    }

    // MARK: Requests

    /// Asks a replica that was not asked; where there is none, the call may be over.
    @discardableResult
    private func ask() -> ReplicaGroup.Choice? {
        let tried = state.withLock { $0.tried }
        guard let choice = predictor.routes.choose(name, except: tried) else {
            follow(state.withLock { $0.course.nobodyIsLeft() })
            return nil
        }
        let number = state.withLock { state in
            state.course.asked()
            state.tried.append(choice.address)
            state.count += 1
            state.attempts[state.count] = Attempt(choice: choice)
            return state.count
        }
        let ticket = predictor.client.send(message, to: choice.address, by: deadline) { result in
            self.ended(number, choice, self.outputs(of: result))
        }
        // It may be over before the ticket is known.
        let isOver = state.withLock { state in
            state.attempts[number]?.ticket = ticket
            return state.isOver
        }
        if isOver { giveUpAll(as: .givenUp) }
        return choice
    }

    /// A copy of the request, to see whether an ejected replica answers.
    private func sendProbe(_ probe: ReplicaGroup.Choice) {
        let attempt = Mutex(false)
        let isFirst = { @Sendable in
            attempt.withLock { isOver in
                defer { isOver = true }
                return !isOver
            }
        }
        let end = Deadline.after(nanoseconds: Self.probeNanoseconds, from: .now())
        let (predictor, name) = (predictor, name)
        let ticket = predictor.client.send(message, to: probe.address, by: end) { result in
            guard isFirst() else { return }
            let isFailure = if case .failure(let error) = result { error.isOfReplica } else { false }
            if predictor.routes.ended(name, probe, isFailure ? .failed : .answered) {
                predictor.client.retire(probe.address)
            }
        }
        _ = predictor.deadlines.add(end) {
            guard isFirst() else { return }
            predictor.client.giveUp(ticket)
            if predictor.routes.ended(name, probe, .failed) { predictor.client.retire(probe.address) }
        }
    }

    private static let probeNanoseconds: UInt64 = 1_000_000_000

    /// What an answer says, one tensor for each output that is wanted.
    private func outputs(of result: Result<UnsafeRawBufferPointer, ServingError>) -> Result<[Tensor], ServingError> {
        Result { () throws(ServingError) in
            let outputs: [NamedTensor]
            do throws(ServingError) {
                outputs = try PredictResponseDecoder.decode(copying: try result.get())
            } catch {
                throw ServingError(error.code, "TfServingRemotePredict: \"\(name)\": \(error.message)")
            }
            return try prediction.outputs.map { (wanted) throws(ServingError) in
                guard let output = outputs.first(where: { $0.name == wanted }) else {
                    throw .internalError("TfServingRemotePredict: \"\(name)\" answers without the output \"\(wanted)\"")
                }
                return output.tensor
            }
        }
    }

    // MARK: What becomes of them

    private func ended(_ number: Int, _ choice: ReplicaGroup.Choice, _ result: Result<[Tensor], ServingError>) {
        guard state.withLock({ $0.attempts.removeValue(forKey: number) }) != nil else { return }
        switch result {
        case .success(let tensors):
            end(choice, .answered)
            // One that was asked earlier took too long: were its time not held against it, a replica that never answers
            // would cost every request the hedging delay.
            giveUpAll(as: .failed, where: { $0 < number })
            finish(.success(tensors))
        case .failure(let error):
            end(choice, error.isOfReplica ? .failed : .answered)
            let step: CallCourse.Step = state.withLock { $0.isOver ? .wait : $0.course.failed(error) }
            if step == .ask { predictor.metrics.retries.cell([name]).increment() }
            follow(step)
        }
    }

    private func end(_ choice: ReplicaGroup.Choice, _ ending: ReplicaGroup.Ending) {
        if predictor.routes.ended(name, choice, ending) { predictor.client.retire(choice.address) }
    }

    private func isSlow() {
        let step: CallCourse.Step = state.withLock { $0.isOver ? .wait : $0.course.isSlow() }
        if step == .ask { predictor.metrics.hedges.cell([name]).increment() }
        follow(step)
    }

    private func isLate() {
        giveUpAll(as: .failed)
        finish(.failure(LocalPredictor.isLate(prediction)))
    }

    private func follow(_ step: CallCourse.Step) {
        switch step {
        case .ask: ask()
        case .wait: break
        case .fail(var error):
            // As where the model is this server's.
            if error.code == .notFound { error.code = .unavailable }
            finish(.failure(error))
        }
    }

    private func finish(_ result: Result<[Tensor], ServingError>) {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        giveUpAll(as: .givenUp)
        predictor.continuations.start(for: prediction.run) { [answer] in answer.give(result) }
    }

    /// Nobody waits for those on their way any more that `isMeant` by their number.
    private func giveUpAll(as ending: ReplicaGroup.Ending, where isMeant: (Int) -> Bool = { _ in true }) {
        let attempts = state.withLock { state in
            let known = state.attempts.filter { $0.value.ticket != nil && isMeant($0.key) }
            for number in known.keys { state.attempts[number] = nil }
            return Array(known.values)
        }
        for attempt in attempts {
            if let ticket = attempt.ticket { predictor.client.giveUp(ticket) }
            end(attempt.choice, ending)
        }
    }
}
