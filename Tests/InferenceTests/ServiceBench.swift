import Batching
import EngineInterface
import Inference
import Servables
import ServingPrimitives
import ServingTestKit
import Tensors

/// A service over one fake model `m`, version 3.
final class ServiceBench: Sendable {
    let manager: ServableManager
    let recorder: StateRecorder
    let scheduler: BatchScheduler
    let service: InferenceService

    init(
        _ model: FakeModel = .halfPlusTwo(),
        scheduler: BatchScheduler = BatchScheduler(threadCount: 1),
        checksMethodNames: Bool = false,
        queues: (@Sendable () -> ModelQueues)? = nil
    ) async {
        self.scheduler = scheduler
        let queues = queues ?? { ModelQueues(scheduler: scheduler, rules: .alone) }
        manager = ServableManager(loaders: FakeLoaderFactory(["m": model], queues: queues))
        recorder = StateRecorder(manager)
        service = InferenceService(manager: manager, checksMethodNames: checksMethodNames)
        aspire(3)
        await recorder.wait(for: 3, .available)
    }

    deinit { scheduler.shutdown() }

    /// Keeps the one engine thread busy until `gate` opens; returns when it is.
    func occupyThread(until gate: Gate) async throws {
        let (events, event) = AsyncStream<Void>.makeStream()
        let queue = scheduler.makeQueue(BatchQueue<Int>(limits: BatchLimits())) { _ in
            event.yield()
            gate.wait()
            return .nothing
        }
        try queue.submit(0, TaskTerms(size: 1))
        _ = await events.first { _ in true }
    }

    func aspire(_ versions: Int64...) {
        manager.aspire(
            AspiredVersions(
                model: "m",
                versions: versions.map { AspiredVersion(id: ServableID(name: "m", version: $0), path: "") }
            )
        )
    }

    /// Waits for the completion. Calling it twice would trap.
    func predict(_ call: PredictCall) async -> Result<PredictResult, ServingError> {
        await withCheckedContinuation { continuation in
            service.predict(call) { continuation.resume(returning: $0) }
        }
    }

    /// The error of a call that has to fail.
    func failure(_ call: PredictCall) async -> ServingError? {
        if case .failure(let error) = await predict(call) { error } else { nil }
    }
}

func floats(_ name: String, _ values: [Float]) throws -> NamedTensor {
    NamedTensor(name: name, tensor: try Tensor(.float32, .vector(values.count), scalars: values))
}

/// A call of model `m` whose inputs hold one number each.
func call(
    _ names: [String] = ["x"],
    version: VersionChoice = .latest,
    signature: String = "",
    outputs: [String] = [],
    deadline: Deadline = .never
) throws -> PredictCall {
    PredictCall(
        model: ModelSelector(name: "m", version: version, signatureName: signature),
        inputs: try names.map { try floats($0, [2]) },
        outputFilter: outputs,
        terms: CallTerms(deadline: deadline)
    )
}

/// Inputs and outputs of these names; every output is the first input, or 7. `defaults` are inputs that may be left
/// out, and are 5 then.
func model(inputs: [String], defaults: [String] = [], outputs: [String]) throws -> FakeModel {
    let seven = try Tensor(.float32, .vector(1), scalars: [7 as Float])
    let five = try Tensor(.float32, .vector(1), scalars: [5 as Float])
    let parameters = (inputs + defaults).map { name in
        Signature.Parameter(
            name: name,
            elementType: .float32,
            shape: [-1],
            tensorName: "\(name):0",
            defaultValue: defaults.contains(name) ? five : nil
        )
    }
    let results = outputs.map { name in
        Signature.Parameter(name: name, elementType: .float32, shape: [-1], tensorName: "\(name):0")
    }
    let signature = Signature(
        name: "serving_default",
        methodName: "tensorflow/serving/predict",
        inputs: parameters,
        outputs: results
    )
    return FakeModel(signatures: [signature]) { request in
        request.outputs.map { _ in request.inputs.first ?? seven }
    }
}
