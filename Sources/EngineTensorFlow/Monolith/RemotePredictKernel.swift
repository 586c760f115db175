import CTensorFlow
import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors

/// `TfServingRemotePredict`: asks another model.
///
/// It is never done later than the caller's deadline, nor than its own `max_rpc_deadline_millis` (0 and less is none).
final class RemotePredictKernel: AsynchronousKernel {
    static let definition = OperationDefinition(
        name: "TfServingRemotePredict",
        attributes: [
            "T: list(type)", "model_name: string = ''", "model_version: int = -1",
            "fail_op_on_rpc_error: bool = true", "max_rpc_deadline_millis: int = 30",
            "signature_name: string = 'serving_default'", "old_model_name: string = ''", "task: int = -1",
            "output_types: list(type)",
        ],
        inputs: ["input_tensor_aliases: string", "input_tensors: T", "output_tensor_aliases: string"],
        outputs: ["status_code: int32", "status_error_message: string", "output_tensors: output_types"],
        isStateful: true,
        shapes: .twoScalars,
        kernel: .asynchronous { (node) throws(ServingError) in try RemotePredictKernel(node) }
    )

    private let model: String
    private let oldModel: String
    private let task: Int
    private let version: Int64?
    private let signature: String
    private let failsWithAnswer: Bool
    /// `nil` for no limit of its own.
    private let limitNanoseconds: UInt64?

    private init(_ node: NodeDefinition) throws(ServingError) {
        model = try node.text("model_name")
        oldModel = try node.text("old_model_name")
        task = try node.integer("task")
        let version = try node.integer("model_version")
        self.version = version >= 0 ? Int64(version) : nil
        signature = try node.text("signature_name")
        failsWithAnswer = try node.flag("fail_op_on_rpc_error")
        let milliseconds = try node.integer("max_rpc_deadline_millis")
        let (limit, overflow) = max(milliseconds, 0).multipliedReportingOverflow(by: 1_000_000)
        limitNanoseconds = limit > 0 && !overflow ? UInt64(limit) : nil
    }

    func compute(_ context: KernelContext, done: @escaping @Sendable (ServingError?) -> Void) {
        let run = RunContext.current
        let prediction: RemotePrediction
        do throws(ServingError) {
            prediction = try self.prediction(context, in: run)
        } catch {
            return done(error)
        }
        guard let predictor = run?.host.predictor else {
            return finish(context, prediction.outputs, .failure(Self.nobodyToAsk(prediction)), done)
        }
        let outputs = prediction.outputs
        predictor.predict(prediction) { result in self.finish(context, outputs, result, done) }
    }

    private static func nobodyToAsk(_ prediction: RemotePrediction) -> ServingError {
        .unavailable(
            "TfServingRemotePredict: the model \"\(prediction.model)\" cannot be asked: a model in a process of its own "
                + "or on a cluster reaches no other models"
        )
    }

    // MARK: What is asked

    private func prediction(
        _ context: KernelContext,
        in run: RunContext?
    ) throws(ServingError) -> RemotePrediction {
        let inputCount = context.inputCount - 2
        let inputNames = try names(context, 0, "input_tensor_aliases")
        let outputNames = try names(context, inputCount + 1, "output_tensor_aliases")
        guard inputNames.count == inputCount else {
            throw context.invalid(
                "input_tensor_aliases has \(inputNames.count) names; \(inputCount) are expected, as there are input_tensors"
            )
        }
        guard outputNames.count == context.outputCount - 2 else {
            throw context.invalid(
                "output_tensor_aliases has \(outputNames.count) names; \(context.outputCount - 2) are expected, as there "
                    + "are output_types"
            )
        }
        var inputs: [(name: String, tensor: Tensor)] = []
        for index in 0..<inputCount { inputs.append((inputNames[index], try context.tensor(index + 1))) }
        let limit = limitNanoseconds.map { Deadline.after(nanoseconds: $0, from: .now()) } ?? .never
        return RemotePrediction(
            model: model,
            oldModel: oldModel,
            task: task,
            version: version,
            signature: signature,
            inputs: inputs,
            outputs: outputNames,
            deadline: min(run?.deadline ?? .never, limit),
            run: run.map { ObjectIdentifier($0) }
        )
    }

    /// Names that are all different.
    private func names(
        _ context: KernelContext,
        _ index: Int,
        _ input: StaticString
    ) throws(ServingError) -> [String] {
        let names = try context.tensor(index).stringValues().map { String(decoding: $0, as: UTF8.self) }
        guard Set(names).count == names.count else { throw context.invalid("\(input) has a name twice") }
        return names
    }

    // MARK: What was answered

    private func finish(
        _ context: KernelContext,
        _ names: [String],
        _ result: Result<[Tensor], ServingError>,
        _ done: @Sendable (ServingError?) -> Void
    ) {
        do throws(ServingError) {
            switch result {
            case .success(let tensors): try set(tensors, names, context)
            case .failure(let error):
                if failsWithAnswer { throw error }
                try setPlaceholders(error, context)
            }
            done(nil)
        } catch {
            done(error)
        }
    }

    private func set(_ tensors: [Tensor], _ names: [String], _ context: KernelContext) throws(ServingError) {
        guard tensors.count == names.count else {
            throw context.invalid("\"\(model)\" answered with \(tensors.count) tensors; \(names.count) are expected")
        }
        try setStatus(.ok, "", context)
        for (index, tensor) in tensors.enumerated() {
            try context.set(index + 2, to: tensor, "output \"\(names[index])\" of \"\(model)\"")
        }
    }

    /// In place of an answer: what went wrong, and scalars of zero, or empty ones.
    private func setPlaceholders(_ error: ServingError, _ context: KernelContext) throws(ServingError) {
        try setStatus(error.code, error.message, context)
        for index in 2..<context.outputCount {
            guard let type = ElementType(rawValue: context.outputType(index)) else {
                throw context.invalid(
                    "output_types has DataType \(context.outputType(index)), which answers cannot carry"
                )
            }
            try context.set(index, to: try Self.placeholder(type), "a placeholder")
        }
    }

    private static func placeholder(_ type: ElementType) throws(ServingError) -> Tensor {
        guard type != .string else { return try text("") }
        do throws(TensorError) {
            var buffer = try TensorBuffer(type, .scalar)
            buffer.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
            return buffer.freeze()
        } catch {
            throw ServingError(.resourceExhausted, error.message)
        }
    }

    private func setStatus(
        _ code: CanonicalCode,
        _ message: String,
        _ context: KernelContext
    ) throws(ServingError) {
        try context.allocate(0, .int32, shape: [], of: Int32.self)[0] = code.rawValue
        try context.set(1, to: try Self.text(message), "status_error_message")
    }

    private static func text(_ text: String) throws(ServingError) -> Tensor {
        do throws(TensorError) {
            return try Tensor(.scalar, strings: [Array(text.utf8)])
        } catch {
            throw .internalError(error.message)
        }
    }
}
