public import ServingPrimitives
public import ServingProtos
import SwiftProtobuf
public import Tensors

// For the paths where a tensor is part of a generated message. Both directions go over the serialized form, so that
// there is one reading and one writing of TensorProto, not two.

extension Tensor {
    /// - Throws: `INVALID_ARGUMENT` with what is wrong with the tensor.
    public init(_ message: Tensorflow_TensorProto) throws(ServingError) {
        do {
            let bytes: [UInt8] = try message.serializedBytes()
            self = try TensorProtoDecoder.decode(copying: bytes)
        } catch let error as TensorError {
            throw .invalidArgument("tensor parsing error: \(error.message)")
        } catch {
            throw .invalidArgument("tensor parsing error: \(error)")
        }
    }
}

extension Tensorflow_TensorProto {
    /// Every element in the typed field of its type, or in `tensor_content`.
    public init(_ tensor: Tensor, encoding: TensorEncoding = .typedFields) {
        let encoder = TensorProtoEncoder(tensor, encoding)
        let bytes = [UInt8](unsafeUninitializedCapacity: encoder.byteCount) { target, count in
            var writer = WireWriter(
                UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[..<encoder.byteCount])
            )
            encoder.write(tensor, to: &writer)
            count = encoder.byteCount
        }
        do {
            try self.init(serializedBytes: bytes)
        } catch {
            // The bytes come from our own encoder.
            preconditionFailure("TensorProtoEncoder wrote what is not a TensorProto: \(error)")
        }
    }
}
