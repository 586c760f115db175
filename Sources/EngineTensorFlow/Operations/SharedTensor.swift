import CTensorFlow
import ModelSignatures
import ServingPrimitives
import Tensors

/// A vector of floats that several operations of one run fill, each its own places.
final class SharedTensor: @unchecked Sendable {
    // Sendable: written by operations that have nothing to do with each other's places, and read when all are done.

    /// TensorFlow's tensor.
    let handle: OpaquePointer
    let elements: UnsafeMutableBufferPointer<Float>

    /// A tensor of zeros.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` when there is no memory for it.
    init(count: Int, for operation: String) throws(ServingError) {
        let byteCount = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
        var size = Int64(count)
        guard count <= KernelContext.maximumElements, !byteCount.overflow,
            let handle = TF_AllocateTensor(ElementType.float32.rawValue, &size, 1, byteCount.partialValue)
        else {
            throw ServingError(.resourceExhausted, "\(operation): no memory for a buffer of \(count) floats")
        }
        self.handle = handle
        let start = TF_TensorData(handle)?.assumingMemoryBound(to: Float.self)
        elements = UnsafeMutableBufferPointer(start: start, count: start == nil ? 0 : count)
        elements.initialize(repeating: 0)
    }

    deinit { TF_DeleteTensor(handle) }
}

/// The resource that stands for a shared tensor in a graph: a scalar that crosses the C API as a serialized
/// `tensorflow.ResourceHandleProto`.
enum SharedTensorHandle {
    /// DT_RESOURCE
    private static let type: Int32 = 20
    private static let container = "apus"

    /// A resource tensor for the caller to delete.
    static func make(_ number: UInt64) throws(ServingError) -> OpaquePointer {
        var proto = ProtobufWriter()
        proto.string(2, container)
        proto.string(3, "\(number)")  // name
        guard let tensor = TF_AllocateTensor(type, nil, 0, proto.bytes.count), let data = TF_TensorData(tensor) else {
            throw ServingError(.resourceExhausted, "TensorFlow has no memory for a resource handle")
        }
        proto.bytes.withUnsafeBytes { data.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return tensor
    }

    /// The number that a resource tensor was made with; `nil` for a resource that is none of ours.
    static func number(of tensor: OpaquePointer) -> UInt64? {
        let bytes = UnsafeRawBufferPointer(start: TF_TensorData(tensor), count: TF_TensorByteSize(tensor))
        var reader = ProtobufReader(bytes)
        var texts = ["", ""]
        do throws(ProtobufReader.Malformed) {
            while let (field, value) = try reader.next() {
                guard case .bytes(let text) = value, field == 2 || field == 3 else { continue }
                texts[field - 2] = String(decoding: text, as: UTF8.self)
            }
        } catch {
            return nil
        }
        return texts[0] == container ? UInt64(texts[1]) : nil
    }
}
