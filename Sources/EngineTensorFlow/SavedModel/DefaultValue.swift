import CTensorFlow
import ServingPrimitives
import Tensors

/// Reads the default values of signature inputs.
enum DefaultValue {
    /// The tensor that a serialized `tensorflow.TensorProto` describes, as TensorFlow itself reads it.
    static func decode(_ proto: [UInt8]) throws(ServingError) -> Tensor {
        // TensorFlow puts the value in the place of one that is there.
        guard let tensor = TF_AllocateTensor(ElementType.uint8.rawValue, nil, 0, 1) else {
            throw ServingError(.resourceExhausted, "TensorFlow has no memory for the default value of an input")
        }
        do throws(ServingError) {
            try ServingError.check { status in
                proto.withUnsafeBytes { bytes in
                    var buffer = TF_Buffer(data: bytes.baseAddress, length: bytes.count, data_deallocator: nil)
                    TF_TensorFromProto(&buffer, tensor, status)
                }
            }
        } catch {
            TF_DeleteTensor(tensor)
            throw error
        }
        return try OutputTensor.take(tensor)
    }
}
