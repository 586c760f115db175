import CTensorFlow
import ServingPrimitives
import Tensors

/// Reads the default values of signature inputs.
enum DefaultValue {
    /// The tensor that a serialized `tensorflow.TensorProto` describes.
    ///
    /// TensorFlow decodes it itself, as the value of a constant in a graph made for the purpose.
    static func decode(_ proto: [UInt8]) throws(ServingError) -> Tensor {
        let result = proto.withUnsafeBytes { bytes in Result { () throws(ServingError) in try decode(bytes) } }
        return try result.get()
    }

    private static func decode(_ proto: UnsafeRawBufferPointer) throws(ServingError) -> Tensor {
        let type = try type(of: proto)
        let status = ctf_thread_status()
        let graph = TF_NewGraph()
        defer { TF_DeleteGraph(graph) }
        let description = TF_NewOperation(graph, "Const", "value")
        TF_SetAttrTensorProto(description, "value", proto.baseAddress, proto.count, status)
        let refusal = ServingError(status)
        TF_SetAttrType(description, "dtype", type)
        // Also after a refusal: this is what frees the description.
        let constant = TF_FinishOperation(description, status)
        if let refusal { throw refusal }
        try ServingError.check(status)
        guard let constant else { throw .internalError("TensorFlow made no constant of a default value") }
        var value: OpaquePointer?
        TF_OperationGetAttrTensor(constant, "value", &value, status)
        try ServingError.check(status)
        guard let value else { throw .internalError("TensorFlow gave no value of a constant") }
        return try OutputTensor.take(value)
    }

    /// `TensorProto.dtype`, field 1.
    private static func type(of proto: UnsafeRawBufferPointer) throws(ServingError) -> Int32 {
        do throws(ProtobufReader.Malformed) {
            var reader = ProtobufReader(proto)
            while let (field, value) = try reader.next() {
                if field == 1, case .varint(let number) = value { return Int32(truncatingIfNeeded: number) }
            }
            return 0
        } catch {
            throw .invalidArgument("a default value of a signature is not a TensorProto")
        }
    }
}
