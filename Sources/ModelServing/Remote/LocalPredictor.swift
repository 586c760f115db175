import EngineInterface
import Inference
import Servables
import ServingPrimitives
import Synchronization
import Tensors

/// Answers what the graph of one model asks of another by the models of this very server: the shards of an entry that
/// are beside it.
///
/// The engine's threads may all wait for such answers, so they are computed on threads of their own, past the queues.
final class LocalPredictor: RemotePredicting {
    /// Not strong: the service keeps the manager, which keeps the loaders, which keep this.
    private struct Service { weak var service: InferenceService? }

    private let service = Mutex(Service())
    private let threads: BlockingThreads
    private let deadlines = DeadlineWatch()

    /// - Parameter threadCount: as many answers are computed at a time. The threads start with the first call.
    init(threadCount: Int) { threads = BlockingThreads(named: "shard", atMost: max(threadCount, 1)) }

    /// Says what the calls are made through; to be called before anything is loaded.
    func use(_ service: InferenceService) { self.service.withLock { $0.service = service } }

    /// Calls are refused from now on; those that have begun end, and the threads some time after them.
    func close() {
        service.withLock { $0.service = nil }
        deadlines.close()
    }

    /// Whether one of this server's models is the one that is meant, whatever its state.
    func has(_ prediction: RemotePrediction) -> Bool {
        guard let service = service.withLock({ $0.service }) else { return false }
        return service.names(of: prediction).contains { service.knows($0) }
    }

    func predict(
        _ prediction: RemotePrediction,
        completion: @escaping @Sendable (Result<[Tensor], ServingError>) -> Void
    ) {
        guard let service = service.withLock({ $0.service }) else {
            return completion(.failure(.unavailable("The server is shutting down")))
        }
        let answer = PendingAnswer(completion)
        answer.whenGiven(deadlines.add(prediction.deadline) { answer.give(.failure(Self.isLate(prediction))) })
        do throws(ServingError) {
            switch try find(prediction, service) {
            case .here(let model, let name): run(prediction, on: model, named: name, service, answer)
            case .away(let name):
                let selector = Self.selector(prediction, name)
                let wait = service.whenLoaded(selector, by: prediction.deadline) { [self] result in
                    switch result {
                    case .success(let model): run(prediction, on: model, named: name, service, answer)
                    case .failure(let error): threads.start { answer.give(.failure(Self.isAway(name, error))) }
                    }
                }
                if let wait { answer.whenGiven { wait.cancel() } }
            }
        } catch {
            answer.give(.failure(error))
        }
    }

    // MARK: Where it is

    private enum Place {
        case here(ResolvedModel, name: String)
        /// It may be waited for.
        case away(name: String)
    }

    /// The first of the names that this server knows: a shard that is on its way is not answered for by another's.
    private func find(_ prediction: RemotePrediction, _ service: InferenceService) throws(ServingError) -> Place {
        let names = service.names(of: prediction)
        for name in names {
            do throws(ServingError) {
                return .here(try service.resolveForRun(Self.selector(prediction, name)), name: name)
            } catch {
                if service.mayWait(after: error), service.knows(name) { return .away(name: name) }
                guard error.code == .notFound, !service.knows(name) else { throw Self.isAway(name, error) }
            }
        }
        let list = prediction.names.map { "\"\($0)\"" }.joined(separator: ", ")
        throw .unavailable(
            "TfServingRemotePredict: there is no model to ask for \"\(prediction.model)\"; this server was searched for "
                + (list.isEmpty ? "nothing, as the graph names no model" : list)
        )
    }

    private static func selector(_ prediction: RemotePrediction, _ name: String) -> ModelSelector {
        ModelSelector(
            name: name,
            version: prediction.version.map { .specific($0) } ?? .latest,
            signatureName: prediction.signature
        )
    }

    // MARK: Its answer

    private func run(
        _ prediction: RemotePrediction,
        on model: ResolvedModel,
        named name: String,
        _ service: InferenceService,
        _ answer: PendingAnswer
    ) {
        let call = PredictCall(
            model: Self.selector(prediction, name),
            inputs: prediction.inputs.map { NamedTensor(name: $0.name, tensor: $0.tensor) },
            outputFilter: prediction.outputs,
            terms: CallTerms(deadline: prediction.deadline)
        )
        threads.start {
            guard !answer.isGiven else { return }
            let result = Result { () throws(ServingError) in try service.predictHere(call, on: model) }
            answer.give(result.map { $0.outputs.prefix(prediction.outputs.count).map(\.tensor) })
        }
    }

    static func isLate(_ prediction: RemotePrediction) -> ServingError {
        .deadlineExceeded("TfServingRemotePredict: \"\(prediction.model)\" did not answer in time")
    }

    private static func isAway(_ name: String, _ error: ServingError) -> ServingError {
        var error = error
        if error.code == .notFound { error.code = .unavailable }
        error.message = "TfServingRemotePredict: the model \"\(name)\" of this server does not answer: \(error.message)"
        return error
    }
}

extension InferenceService {
    /// What the model may be called here. A second name says nothing of whose shard it is: it counts for those only who do
    /// not say so either.
    fileprivate func names(of prediction: RemotePrediction) -> [String] {
        prediction.names.filter { prediction.isNameless || !isSecondName($0) }
    }
}
