import CTensorFlow
package import ServingPrimitives
package import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Makes TensorFlow's tensors for the inputs of a run.
package enum InputTensor {
    /// What clients may send, far below what `TensorShape` can hold (254 dimensions, 2^63 elements): operations that
    /// stack, expand or multiply such shapes run into its limits, and that is a failed CHECK, which ends the process.
    /// Models use ten dimensions at most. Tensors with elements are bounded by the bytes a client has to send; those
    /// without are not, and a sum over the empty dimension would make one element for each of the others.
    static let maximumRank = 64
    static let maximumEmptyExtent = 1 << 24

    /// A tensor for the caller to delete, and how many bytes were copied for it: none when the memory is aligned as
    /// TensorFlow needs it, else each once.
    package static func make(_ tensor: Tensor) throws(ServingError) -> (handle: OpaquePointer, copiedBytes: Int) {
        try check(tensor.shape)
        let result = withDimensions(of: tensor.shape) { dimensions in
            tensor.elementType == .string ? strings(tensor, dimensions) : fixedWidth(tensor, dimensions)
        }
        guard let handle = result.handle else {
            throw ServingError(
                .resourceExhausted,
                "TensorFlow has no memory for a \(tensor.elementType.name) tensor of shape \(tensor.shape)"
            )
        }
        return (handle, result.copiedBytes)
    }

    private static func check(_ shape: TensorShape) throws(ServingError) {
        guard shape.rank <= maximumRank else {
            throw .invalidArgument("a tensor has \(shape.rank) dimensions; at most \(maximumRank) are accepted")
        }
        guard shape.elementCount == 0 else { return }
        var extent = 1
        for index in 0..<shape.rank {
            let (product, overflow) = extent.multipliedReportingOverflow(by: max(shape[index], 1))
            guard !overflow, product <= maximumEmptyExtent else {
                throw .invalidArgument(
                    "a tensor without elements has shape \(shape); the product of its dimensions that are not 0 may be "
                        + "\(maximumEmptyExtent) at most"
                )
            }
            extent = product
        }
    }

    private typealias Made = (handle: OpaquePointer?, copiedBytes: Int)

    private static func fixedWidth(_ tensor: Tensor, _ dimensions: UnsafeBufferPointer<Int64>) -> Made {
        tensor.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress, Int(bitPattern: base) & (TensorBuffer.alignment - 1) == 0 {
                return (borrowed(tensor, base, bytes.count, dimensions), 0)
            }
            let handle = TF_AllocateTensor(
                tensor.elementType.rawValue,
                dimensions.baseAddress,
                Int32(dimensions.count),
                bytes.count
            )
            if let handle, let source = bytes.baseAddress, let target = TF_TensorData(handle) {
                target.copyMemory(from: source, byteCount: bytes.count)
            }
            return (handle, bytes.count)
        }
    }

    /// A tensor in the caller's memory, which stays as long as any tensor of TensorFlow's uses it: outputs may.
    ///
    /// TensorFlow does not write into memory that it does not own, so sharing it is safe.
    private static func borrowed(
        _ tensor: Tensor,
        _ base: UnsafeRawPointer,
        _ byteCount: Int,
        _ dimensions: UnsafeBufferPointer<Int64>
    ) -> OpaquePointer? {
        TF_NewTensor(
            tensor.elementType.rawValue,
            dimensions.baseAddress,
            Int32(dimensions.count),
            UnsafeMutableRawPointer(mutating: base),
            byteCount,
            { _, _, owner in
                // The owner is passed below, once for each tensor.
                if let owner { Unmanaged<AnyObject>.fromOpaque(owner).release() }
            },
            Unmanaged.passRetained(tensor.memoryOwner).toOpaque()
        )
    }

    /// String elements are copied, although TensorFlow has string views: a copy of a view is a view again, so elements
    /// that an operation copies (gather, concatenate, insert into a table) would point into a request that is gone.
    private static func strings(_ tensor: Tensor, _ dimensions: UnsafeBufferPointer<Int64>) -> Made {
        (tensor.withStrings { copy($0, dimensions) }, tensor.byteCount)
    }

    private static func copy(
        _ elements: UnsafeBufferPointer<StringElement>,
        _ dimensions: UnsafeBufferPointer<Int64>
    ) -> OpaquePointer? {
        // The elements are in memory, 16 bytes each: 24 each cannot overflow.
        let byteCount = elements.count * MemoryLayout<TF_TString>.stride
        guard let memory = alignedMemory(byteCount) else { return nil }
        let strings = memory.bindMemory(to: TF_TString.self, capacity: elements.count)
        for index in elements.indices {
            let content = UnsafeRawPointer(elements[index].start)?.assumingMemoryBound(to: CChar.self)
            TF_StringInit(strings + index)
            TF_StringCopy(strings + index, content, elements[index].count)
        }
        return TF_NewTensor(
            ElementType.string.rawValue,
            dimensions.baseAddress,
            Int32(dimensions.count),
            memory,
            byteCount,
            freeStrings,
            nil
        )
    }

    private static func alignedMemory(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        var memory: UnsafeMutableRawPointer?
        // At least one line: a tensor without elements needs an address, too.
        let status = posix_memalign(&memory, TensorBuffer.alignment, max(byteCount, TensorBuffer.alignment))
        return status == 0 ? memory : nil
    }

    private static func withDimensions<R>(
        of shape: TensorShape,
        _ body: (UnsafeBufferPointer<Int64>) -> R
    ) -> R {
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: shape.rank) { dimensions in
            for index in 0..<shape.rank { dimensions[index] = Int64(shape[index]) }
            return body(UnsafeBufferPointer(dimensions))
        }
    }
}

/// Frees the memory of a string tensor that `InputTensor` made.
private func freeStrings(_ memory: UnsafeMutableRawPointer?, _ length: Int, _: UnsafeMutableRawPointer?) {
    guard let memory else { return }
    let strings = memory.assumingMemoryBound(to: TF_TString.self)
    for index in 0..<length / MemoryLayout<TF_TString>.stride { TF_StringDealloc(strings + index) }
    free(memory)
}
