public import EngineInterface
public import Inference
public import ServingPrimitives
public import ServingProtos
import SwiftProtobuf
import Tensors

extension Tensorflow_SignatureDef {
    /// The definition that the model's file states, or one made from the neutral values where there is none.
    ///
    /// - Throws: `INTERNAL` when the engine passed on something that is not a SignatureDef.
    public init(_ signature: Signature) throws(ServingError) {
        guard signature.definition.isEmpty else {
            do {
                try self.init(serializedBytes: signature.definition)
            } catch {
                throw .internalError(
                    "The definition of signature \"\(signature.name)\" is not a SignatureDef: \(error)"
                )
            }
            return
        }
        self.init()
        methodName = signature.methodName
        for input in signature.inputs {
            inputs[input.name] = Tensorflow_TensorInfo(input)
            if let value = input.defaultValue { defaults[input.name] = Tensorflow_TensorProto(value) }
        }
        for output in signature.outputs { outputs[output.name] = Tensorflow_TensorInfo(output) }
    }
}

extension Tensorflow_TensorInfo {
    init(_ parameter: Signature.Parameter) {
        self.init()
        name = parameter.tensorName
        if let type = parameter.elementType { dtype = Tensorflow_DataType(rawValue: Int(type.rawValue)) ?? .dtInvalid }
        guard let shape = parameter.shape else {
            tensorShape.unknownRank = true
            return
        }
        tensorShape.dim = shape.map { size in .with { $0.size = Int64(size) } }
    }
}

extension Tensorflow_Serving_GetModelMetadataResponse {
    /// - Throws: as `SignatureDefMapEncoder`.
    public init(_ metadata: ModelMetadata) throws(ServingError) {
        self.init()
        modelSpec = Tensorflow_Serving_ModelSpec(metadata.servable)
        self.metadata[Self.signatureDefField] = try SignatureDefMapEncoder.any(metadata.signatures)
    }

    /// The only metadata field there is.
    public static var signatureDefField: String { "signature_def" }
}
