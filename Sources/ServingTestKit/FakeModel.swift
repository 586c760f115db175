public import Batching
public import EngineInterface
public import Inference
public import Servables
public import ServingPrimitives
import Synchronization
public import Tensors

/// A model without an engine: its signatures and what a run answers are given by the test.
public final class FakeModel: LoadedModel {
    public typealias Run = @Sendable (RunRequest) throws(ServingError) -> [Tensor]

    public let signatures: [Signature]
    private let body: Run
    private let closed = Atomic<Bool>(false)

    public init(signatures: [Signature], run: @escaping Run) {
        self.signatures = signatures
        self.body = run
    }

    public func run(_ request: RunRequest) throws(ServingError) -> [Tensor] { try body(request) }

    public func close() { closed.store(true, ordering: .relaxed) }

    public var isClosed: Bool { closed.load(ordering: .relaxed) }

    /// `y = x / 2 + 2` over a float vector, as TensorFlow Serving's half_plus_two.
    public static func halfPlusTwo() -> FakeModel {
        FakeModel(
            signatures: [
                Signature(
                    name: "serving_default",
                    methodName: "tensorflow/serving/predict",
                    inputs: [.init(name: "x", elementType: .float32, shape: [-1], tensorName: "x:0")],
                    outputs: [.init(name: "y", elementType: .float32, shape: [-1], tensorName: "y:0")]
                )
            ]
        ) { (request) throws(ServingError) -> [Tensor] in
            let input = request.inputs[0]
            guard input.elementType == .float32 else {
                throw .invalidArgument("Expects arg[0] to be float but \(input.elementType.name) is provided")
            }
            do throws(TensorError) {
                return [
                    try Tensor(.float32, input.shape, scalars: input.scalars(as: Float.self).map { $0 / 2 + 2 })
                ]
            } catch {
                throw .internalError(error.message)
            }
        }
    }

    /// Every input comes back as the output of the same name.
    public static func echo(_ parameters: [Signature.Parameter]) -> FakeModel {
        FakeModel(
            signatures: [
                Signature(
                    name: "serving_default",
                    methodName: "tensorflow/serving/predict",
                    inputs: parameters,
                    outputs: parameters
                )
            ]
        ) { (request) throws(ServingError) -> [Tensor] in request.outputs.map { request.inputs[$0] } }
    }
}

/// Serves given models for whatever version is aspired, by model name.
public struct FakeLoaderFactory: ServableLoaderFactory {
    private struct Loader: ServableLoader {
        let model: FakeModel?
        let id: ServableID
        let queues: @Sendable () -> ModelQueues

        func load() throws(ServingError) -> any Servable {
            guard let model else { throw .notFound("no fake model for \(id)") }
            return ModelServable(model: model, queues: queues())
        }

        func unload(_ servable: any Servable) { model?.close() }
    }

    private let models: [String: FakeModel]
    private let queues: @Sendable () -> ModelQueues

    /// - Parameter queues: makes where the requests of a version wait.
    public init(_ models: [String: FakeModel], queues: @escaping @Sendable () -> ModelQueues) {
        self.models = models
        self.queues = queues
    }

    /// Every request runs by itself, on the threads of `scheduler`.
    public init(_ models: [String: FakeModel], scheduler: BatchScheduler) {
        self.init(models) { ModelQueues(scheduler: scheduler, rules: .alone) }
    }

    public func loader(for version: AspiredVersion) -> any ServableLoader {
        Loader(model: models[version.id.name], id: version.id, queues: queues)
    }
}
