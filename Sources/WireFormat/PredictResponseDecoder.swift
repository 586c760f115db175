public import Inference
public import ServingPrimitives
import Tensors

/// Reads `tensorflow.serving.PredictResponse`, without a generated message.
public enum PredictResponseDecoder {
    /// - Parameter bytes: the serialized message, which is copied once: tensors are views of that copy where their elements
    ///   lie in it densely. It lies so that the first of them is aligned as engines take it without another copy.
    /// - Returns: the outputs, each name once.
    /// - Throws: `INVALID_ARGUMENT` with what is wrong; `RESOURCE_EXHAUSTED` when there is no memory for the copy.
    public static func decode(copying bytes: UnsafeRawBufferPointer) throws(ServingError) -> [NamedTensor] {
        let (copy, lead) = try copy(bytes)
        return try copy.withUnsafeBytes { (memory: UnsafeRawBufferPointer) throws(ServingError) in
            let bytes = UnsafeRawBufferPointer(rebasing: memory[lead...])
            var outputs = NamedTensorMap()
            do throws(WireError) {
                try merge(bytes, owner: copy.memoryOwner, into: &outputs)
            } catch {
                throw error.servingError("PredictResponse", in: bytes)
            }
            return try outputs.finish()
        }
    }

    /// - Returns: memory with the message at its end, and where in it that begins.
    private static func copy(_ bytes: UnsafeRawBufferPointer) throws(ServingError) -> (Tensor, lead: Int) {
        let payload = PayloadSearch(tensors: 1, minimum: 1).first(in: bytes)
        let offset = payload.flatMap { payload in bytes.baseAddress.map { payload - $0 } } ?? 0
        let lead = -offset & (TensorBuffer.alignment - 1)
        do throws(TensorError) {
            var buffer = try TensorBuffer(.uint8, .vector(lead + bytes.count))
            buffer.withUnsafeMutableBytes {
                UnsafeMutableRawBufferPointer(rebasing: $0[lead...]).copyMemory(from: bytes)
            }
            return (buffer.freeze(), lead)
        } catch {
            throw ServingError(.resourceExhausted, error.message)
        }
    }

    private static func merge(
        _ bytes: UnsafeRawBufferPointer,
        owner: AnyObject,
        into outputs: inout NamedTensorMap
    ) throws(WireError) {
        var budget = AllocationBudget(messageByteCount: bytes.count)
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .bytes(1): try outputs.merge(entry: try reader.payload(), owner: owner, budget: &budget)
            // Which model answered (2) was said by the question.
            default: try reader.skip(tag)
            }
        }
    }
}
