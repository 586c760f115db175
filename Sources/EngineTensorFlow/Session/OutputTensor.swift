import CTensorFlow
import ServingPrimitives
import Tensors

/// Lends TensorFlow's tensors out as ours, without a copy.
enum OutputTensor {
    /// Takes `handle` over: it is deleted with the last use of the tensor, or now if this throws.
    ///
    /// - Throws: `UNIMPLEMENTED` for types that answers cannot carry.
    static func take(_ handle: OpaquePointer) throws(ServingError) -> Tensor {
        let lent = LentTensor(handle)
        let type = TF_TensorType(handle)
        guard let elementType = ElementType(rawValue: type) else {
            throw ServingError(.unimplemented, "an output is of DataType \(type), which an answer cannot carry")
        }
        do throws(TensorError) {
            let shape = try shape(of: handle)
            if elementType == .string {
                return try Tensor(strings: lent.stringElements(count: shape.elementCount), shape, owner: lent)
            }
            let bytes = UnsafeRawBufferPointer(start: TF_TensorData(handle), count: TF_TensorByteSize(handle))
            return try Tensor(elementType, shape, bytes: bytes, owner: lent)
        } catch {
            throw .internalError("TensorFlow gave an output that is no tensor: \(error.message)")
        }
    }

    private static func shape(of handle: OpaquePointer) throws(TensorError) -> TensorShape {
        var builder = TensorShape.Builder()
        for index in 0..<TF_NumDims(handle) { try builder.append(Int(TF_Dim(handle, index))) }
        return builder.finish()
    }
}

/// Owns one tensor of TensorFlow's and, for strings, the views of its elements.
private final class LentTensor {
    private let handle: OpaquePointer
    private var elements: UnsafeMutableBufferPointer<StringElement>?

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit {
        elements?.deallocate()
        TF_DeleteTensor(handle)
    }

    func stringElements(count: Int) -> UnsafeBufferPointer<StringElement> {
        let elements = UnsafeMutableBufferPointer<StringElement>.allocate(capacity: count)
        self.elements = elements
        guard let strings = TF_TensorData(handle)?.assumingMemoryBound(to: TF_TString.self) else {
            return UnsafeBufferPointer(start: elements.baseAddress, count: 0)
        }
        for index in 0..<count {
            let content = UnsafeRawBufferPointer(
                start: TF_StringGetDataPointer(strings + index),
                count: TF_StringGetSize(strings + index)
            )
            elements.initializeElement(at: index, to: StringElement(content))
        }
        return UnsafeBufferPointer(elements)
    }
}
