import EngineInterface
public import ServingPrimitives
import Tensors

/// Classify, Regress and MultiInference. Parameters, completion and result are as in `predict`.
extension InferenceService {
    @discardableResult
    public func classify(
        _ call: ExampleCall,
        on model: ResolvedModel? = nil,
        intake: RunIntake? = nil,
        completion: @escaping @Sendable (Result<ClassifyResult, ServingError>) -> Void
    ) -> QueuedRun? {
        run(call, on: model, as: ClassificationSignature.self, intake, completion, LoggedCall.classify)
    }

    @discardableResult
    public func regress(
        _ call: ExampleCall,
        on model: ResolvedModel? = nil,
        intake: RunIntake? = nil,
        completion: @escaping @Sendable (Result<RegressResult, ServingError>) -> Void
    ) -> QueuedRun? {
        run(call, on: model, as: RegressionSignature.self, intake, completion, LoggedCall.regress)
    }

    /// The model a caller passed, else the one that its request names.
    func model(_ given: ResolvedModel?, orThatOf selector: ModelSelector) throws(ServingError) -> ResolvedModel {
        if let given { return given }
        return try resolve(selector)
    }

    private func run<Kind: ExampleSignature>(
        _ call: ExampleCall,
        on model: ResolvedModel?,
        as kind: Kind.Type,
        _ intake: RunIntake?,
        _ completion: @escaping @Sendable (Result<ExampleResult<Kind.Answer>, ServingError>) -> Void,
        _ logged: @escaping @Sendable (ExampleCall, ExampleResult<Kind.Answer>) -> LoggedCall
    ) -> QueuedRun? {
        do throws(ServingError) {
            let model = try self.model(model, orThatOf: call.model)
            let name = call.model.resolvedSignatureName
            guard let executor = model.servable.executors[name] else {
                throw .invalidArgument("No signature was found with the name: \(name)")
            }
            let kind = try Kind(executor.signature, checksMethodName: checksMethodNames)
            let count = try call.examples.exampleCount()
            let run = ModelRun(
                executor: executor,
                model: model,
                api: Kind.api,
                request: executor.request(call.examples, outputs: kind.outputs, deadline: call.terms.deadline),
                elements: count
            )
            let completion = model.drawForLog()?.following(completion) { logged(call, $0) } ?? completion
            return self.run(run, call.terms, intake) { result in
                completion(
                    result.flatMap { tensors in
                        Result { () throws(ServingError) in
                            let answer = try kind.answer(tensors[...], exampleCount: count)
                            return ExampleResult(signatureName: name, answer: answer, lease: model.lease)
                        }
                    }
                )
            }
        } catch {
            completion(.failure(error))
            return nil
        }
    }
}

extension ModelSelector {
    /// The signature name, the default one spelled out.
    var resolvedSignatureName: String { signatureName.isEmpty ? InferenceService.defaultSignatureName : signatureName }
}

extension Tensor {
    /// - Throws: when there is no example.
    func exampleCount() throws(ServingError) -> Int {
        guard shape.elementCount > 0 else { throw .invalidArgument("Input is empty.") }
        return shape.elementCount
    }
}

extension SignatureExecutor {
    /// A run that feeds `examples` to the only input, whatever type it declares: that is the graph's affair.
    func request(_ examples: Tensor, outputs: [Int], deadline: Deadline) -> RunRequest {
        RunRequest(
            signature: index,
            inputs: [examples],
            outputs: outputs,
            deadline: deadline,
            expectedNanoseconds: estimate.expected(elements: examples.shape.elementCount)
        )
    }
}
