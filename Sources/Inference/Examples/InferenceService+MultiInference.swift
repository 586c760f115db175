import EngineInterface
import ServingMetrics
public import ServingPrimitives
import Tensors

extension InferenceService {
    /// Runs all tasks in one run of the model: every input tensor is fed the same examples.
    @discardableResult
    public func multiInference(
        _ call: MultiInferenceCall,
        on model: ResolvedModel? = nil,
        intake: RunIntake? = nil,
        completion: @escaping @Sendable (Result<MultiInferenceResult, ServingError>) -> Void
    ) -> QueuedRun? {
        do throws(ServingError) {
            let model = try self.model(model, orThatOf: call.tasks.first?.model ?? ModelSelector(name: ""))
            let tasks = try bind(call.tasks, to: model)
            let count = try call.examples.exampleCount()
            let run = run(of: tasks, call, model)
            let completion = model.drawForLog()?.following(completion) { .multiInference(call, $0) } ?? completion
            return self.run(run, call.terms, intake) { result in
                if case .success = result { model.servable.metrics.received(examples: count) }
                completion(
                    result.flatMap { tensors in
                        Result { () throws(ServingError) in
                            let results = try Self.results(of: tasks, tensors, exampleCount: count)
                            return MultiInferenceResult(results: results, lease: model.lease)
                        }
                    }
                )
            }
        } catch {
            completion(.failure(error))
            return nil
        }
    }

    /// Versions and labels of all tasks but the first are ignored, as TensorFlow Serving does.
    private func bind(
        _ tasks: [MultiInferenceCall.Task],
        to model: ResolvedModel
    ) throws(ServingError) -> [BoundTask] {
        var bound: [BoundTask] = []
        var names: Set<String> = []
        for task in tasks {
            guard !task.model.name.isEmpty else {
                throw .invalidArgument("Found ModelSpec with an empty model name.")
            }
            guard task.model.name == tasks[0].model.name else {
                throw .invalidArgument(
                    "All ModelSpecs in a MultiInferenceRequest must access the same model name."
                )
            }
            let name = task.model.resolvedSignatureName
            guard names.insert(name).inserted else {
                throw .invalidArgument("Duplicate evaluation of signature: \(name)")
            }
            guard let executor = model.servable.executors[name] else {
                throw .invalidArgument("Requested signature not found in model graph: \(name)")
            }
            bound.append(BoundTask(executor, try kind(task.methodName, executor.signature)))
        }
        return bound
    }

    private func kind(_ methodName: String, _ signature: Signature) throws(ServingError) -> BoundTask.Kind {
        switch methodName {
        case MethodName.classify:
            .classify(try ClassificationSignature(signature, checksMethodName: checksMethodNames))
        case MethodName.regress:
            .regress(try RegressionSignature(signature, checksMethodName: checksMethodNames))
        default: throw ServingError(.unimplemented, "Unsupported signature method_name: \(methodName)")
        }
    }

    /// - Parameter tasks: at least one.
    private func run(of tasks: [BoundTask], _ call: MultiInferenceCall, _ model: ResolvedModel) -> ModelRun {
        let requests = tasks.map {
            $0.executor.request(call.examples, outputs: $0.outputs, deadline: call.terms.deadline)
        }
        var first = requests[0]
        // What one of the signatures takes says nothing about all together, which must not hold up an event loop.
        if requests.count > 1 { first.expectedNanoseconds = 0 }
        return ModelRun(
            executor: tasks[0].executor,
            model: model,
            api: nil,
            request: first,
            elements: call.examples.shape.elementCount,
            others: Array(requests.dropFirst())
        )
    }

    private static func results(
        of tasks: [BoundTask],
        _ tensors: [Tensor],
        exampleCount: Int
    ) throws(ServingError) -> [MultiInferenceResult.TaskResult] {
        var results: [MultiInferenceResult.TaskResult] = []
        results.reserveCapacity(tasks.count)
        var rest = tensors[...]
        for task in tasks {
            let answer = try task.answer(rest.prefix(task.outputs.count), exampleCount: exampleCount)
            rest = rest.dropFirst(task.outputs.count)
            results.append(.init(signatureName: task.executor.signature.name, answer: answer))
        }
        return results
    }
}

/// A task with its signature.
private struct BoundTask: Sendable {
    enum Kind: Sendable {
        case classify(ClassificationSignature)
        case regress(RegressionSignature)
    }

    let executor: SignatureExecutor
    let outputs: [Int]
    private let kind: Kind

    init(_ executor: SignatureExecutor, _ kind: Kind) {
        self.executor = executor
        self.kind = kind
        switch kind {
        case .classify(let signature): outputs = signature.outputs
        case .regress(let signature): outputs = signature.outputs
        }
    }

    func answer(_ tensors: ArraySlice<Tensor>, exampleCount: Int) throws(ServingError) -> MultiInferenceResult.Answer {
        switch kind {
        case .classify(let signature): .classifications(try signature.answer(tensors, exampleCount: exampleCount))
        case .regress(let signature): .regressions(try signature.answer(tensors, exampleCount: exampleCount))
        }
    }
}
