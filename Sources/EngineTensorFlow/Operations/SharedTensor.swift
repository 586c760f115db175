import CTensorFlow
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
