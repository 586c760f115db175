import ServingPrimitives
import Tensors

/// Reads a single serialized `tensorflow.TensorProto`.
enum TensorProtoDecoder {
    /// The tensor is a view of its own copy of `bytes`.
    static func decode(copying bytes: [UInt8]) throws(TensorError) -> Tensor {
        let copy = try Tensor(.uint8, .vector(bytes.count), scalars: bytes)
        return try copy.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(TensorError) in
            var fields = TensorFields()
            do throws(WireError) {
                try fields.merge(bytes)
            } catch {
                throw TensorError(error.servingError("TensorProto", in: bytes).message)
            }
            var budget = AllocationBudget(messageByteCount: bytes.count)
            return try fields.tensor(owner: copy.memoryOwner, budget: &budget)
        }
    }
}
