import EngineInterface
import ServingMetrics
import ServingPrimitives
import Tensors

/// A signature with the input `inputs` and the output `outputs`.
struct RegressionSignature: ExampleSignature {
    static let api = InferenceAPI.regress

    init(_ signature: Signature, checksMethodName: Bool) throws(ServingError) {
        guard !checksMethodName || signature.methodName == MethodName.regress else {
            throw .invalidArgument(
                "Expected regression signature method_name to be \(MethodName.regress). Was: \(signature.methodName)"
            )
        }
        guard signature.inputs.count == 1 else { throw .invalidArgument("Expected one input Tensor.") }
        guard signature.outputs.count == 1 else { throw .invalidArgument("Expected one output Tensor.") }
        guard signature.inputs[0].name == "inputs" else {
            throw .invalidArgument("No regression inputs found in SignatureDef: \(signature.protobufText)")
        }
        guard signature.outputs[0].name == "outputs" else {
            throw .invalidArgument("No regression outputs found in SignatureDef: \(signature.protobufText)")
        }
    }

    var outputs: [Int] { [0] }

    func answer(_ tensors: ArraySlice<Tensor>, exampleCount: Int) throws(ServingError) -> Regressions {
        guard let values = tensors.first else { throw .internalError("A regression gave no output") }
        let shape = values.shape
        guard shape.rank == 1 || (shape.rank == 2 && shape[1] == 1) else {
            throw .invalidArgument(
                "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got \(shape)"
            )
        }
        guard shape[0] == exampleCount else {
            throw .invalidArgument(
                "Input batch size did not match output batch size: \(exampleCount) vs. \(shape[0])"
            )
        }
        guard values.elementType == .float32 else {
            // Two blanks, as there.
            throw .invalidArgument("Expected output Tensor of DT_FLOAT.  Got: \(values.elementType.declaredName)")
        }
        return Regressions(exampleCount: exampleCount, values: values)
    }
}
