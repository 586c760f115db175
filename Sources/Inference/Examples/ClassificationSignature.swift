import EngineInterface
import ServingMetrics
import ServingPrimitives
import Tensors

/// A signature with the input `inputs` and the outputs `classes`, `scores` or both.
struct ClassificationSignature: ExampleSignature {
    static let api = InferenceAPI.classify

    private let classes: Int?
    private let scores: Int?

    init(_ signature: Signature, checksMethodName: Bool) throws(ServingError) {
        guard !checksMethodName || signature.methodName == MethodName.classify else {
            throw .invalidArgument(
                "Expected classification signature method_name to be \(MethodName.classify). "
                    + "Was: \(signature.methodName)"
            )
        }
        guard signature.inputs.count == 1 else { throw .invalidArgument("Expected one input Tensor.") }
        guard signature.outputs.count == 1 || signature.outputs.count == 2 else {
            throw .invalidArgument("Expected one or two output Tensors, found \(signature.outputs.count)")
        }
        guard signature.inputs[0].name == "inputs" else {
            throw .invalidArgument("No classification inputs found in SignatureDef: \(signature.protobufText)")
        }
        classes = signature.outputs.firstIndex { $0.name == "classes" }
        scores = signature.outputs.firstIndex { $0.name == "scores" }
        guard classes != nil || scores != nil else {
            throw .invalidArgument(
                "Expected classification signature outputs to contain at least one of \"classes\" or \"scores\". "
                    + "Signature was: \(signature.protobufText)"
            )
        }
    }

    var outputs: [Int] { [classes, scores].compactMap { $0 } }

    func answer(_ tensors: ArraySlice<Tensor>, exampleCount: Int) throws(ServingError) -> Classifications {
        let labels = classes == nil ? nil : tensors.first
        let values = scores == nil ? nil : tensors.last
        if let labels { try Self.check(labels, "classes", .string, exampleCount) }
        if let values { try Self.check(values, "scores", .float32, exampleCount) }
        if let labels, let values, labels.shape[1] != values.shape[1] {
            throw .invalidArgument(
                "Tensors class and score should match in dim_size(1). Got \(labels.shape[1]) vs. \(values.shape[1])"
            )
        }
        return Classifications(
            exampleCount: exampleCount,
            classCount: labels?.shape[1] ?? values?.shape[1] ?? 0,
            labels: labels,
            scores: values
        )
    }

    private static func check(
        _ tensor: Tensor,
        _ name: String,
        _ type: ElementType,
        _ exampleCount: Int
    ) throws(ServingError) {
        guard tensor.shape.rank == 2 else {
            throw .invalidArgument("Expected Tensor shape: [batch_size num_classes] but got \(tensor.shape)")
        }
        guard tensor.elementType == type else {
            throw .invalidArgument(
                "Expected \(name) Tensor of \(type.declaredName). Got: \(tensor.elementType.declaredName)"
            )
        }
        guard tensor.shape[0] == exampleCount else {
            throw .invalidArgument("Expected \(name) output batch size of \(exampleCount). Got: \(tensor.shape[0])")
        }
    }
}
