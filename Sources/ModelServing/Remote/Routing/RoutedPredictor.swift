import EngineInterface
import HTTPClient
import Inference
import RemoteRouting
import Servables
import ServingMetrics
import ServingPrimitives
import Tensors
import WireFormat

/// Answers what graphs ask of other models: by this server's models where it has them, else by those of other machines
/// that there are routes to.
final class RoutedPredictor: RemotePredicting {
    let routes: RemoteRoutes
    let rules: CallRules
    let client = ReplicaClient()
    let deadlines = DeadlineWatch()
    /// The graph goes on inside of completions: not on the thread that has the connections.
    let continuations: GraphContinuations
    let metrics: RemoteMetrics
    private let local: LocalPredictor

    init(local: LocalPredictor, routes: RemoteRoutes, rules: CallRules, threadCount: Int, metrics: RemoteMetrics) {
        self.local = local
        self.routes = routes
        self.rules = rules
        self.metrics = metrics
        continuations = GraphContinuations(named: "remote-answer", atMost: threadCount)
    }

    /// What is on its way fails.
    func close() {
        client.close()
        deadlines.close()
    }

    func predict(
        _ prediction: RemotePrediction,
        completion: @escaping @Sendable (Result<[Tensor], ServingError>) -> Void
    ) {
        // Without routes either, the local one says why nobody answers.
        guard !local.has(prediction), let name = routes.first(of: prediction.names) else {
            return local.predict(prediction, completion: completion)
        }
        do throws(ServingError) {
            let request = Self.request(prediction, name)
            let message = RequestBody(byteCount: try request.framedByteCount()) { request.writeFramed(into: $0) }
            RemoteCall(self, name, prediction, message, PendingAnswer(completion)).begin()
        } catch {
            completion(.failure(error))
        }
    }

    private static func request(_ prediction: RemotePrediction, _ name: String) -> PredictRequestEncoder {
        let selector = ModelSelector(
            name: name,
            version: prediction.version.map { .specific($0) } ?? .latest,
            signatureName: prediction.signature
        )
        let call = PredictCall(
            model: selector,
            inputs: prediction.inputs.map { NamedTensor(name: $0.name, tensor: $0.tensor) },
            outputFilter: prediction.outputs
        )
        return PredictRequestEncoder(call, encoding: .content)
    }
}
