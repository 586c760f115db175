import EngineInterface
import ServingPrimitives
import Tensors

/// The inputs of a run, looked at before they are used.
struct ShardInputs {
    let signature: Signature
    let tensors: [Tensor]

    init(_ signature: Signature, _ tensors: [Tensor]) {
        self.signature = signature
        self.tensors = tensors
    }

    /// - Throws: `INVALID_ARGUMENT` for another type or rank.
    func vector(_ index: Int, of type: ElementType) throws(ServingError) -> Tensor {
        let tensor = tensors[index]
        guard tensor.elementType == type, tensor.shape.rank == 1 else {
            throw refusal(index, expected: "\(type.name) [n]")
        }
        return tensor
    }

    func vector(_ name: StaticString, of type: ElementType) throws(ServingError) -> Tensor {
        // Signatures with these names were checked for having them.
        guard let index = signature.inputs.firstIndex(where: { $0.name == "\(name)" }) else {
            throw .internalError("signature \(signature.name) has no input \(name)")
        }
        return try vector(index, of: type)
    }

    func matrix(_ index: Int, of type: ElementType, width: Int) throws(ServingError) -> Tensor {
        let tensor = tensors[index]
        guard tensor.elementType == type, tensor.shape.rank == 2, tensor.shape[1] == width else {
            throw refusal(index, expected: "\(type.name) [n, \(width)]")
        }
        return tensor
    }

    private func refusal(_ index: Int, expected: String) -> ServingError {
        let tensor = tensors[index]
        return .invalidArgument(
            "input \(signature.inputs[index].name) of signature \(signature.name) is \(tensor.elementType.name) "
                + "\(tensor.shape); expected \(expected)"
        )
    }
}

extension Tensor {
    /// The elements of an int64 tensor, aligned: messages have them anywhere.
    func withIDs<R, E: Error>(_ body: (UnsafeBufferPointer<Int64>) throws(E) -> R) throws(E) -> R {
        try withAligned(body)
    }

    /// The elements of a float32 tensor, aligned.
    func withNumbers<R, E: Error>(_ body: (UnsafeBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
        try withAligned(body)
    }

    private func withAligned<Element: BitwiseCopyable, R, E: Error>(
        _ body: (UnsafeBufferPointer<Element>) throws(E) -> R
    ) throws(E) -> R {
        try withUnsafeBytes { (bytes) throws(E) in
            let isAligned = UInt(bitPattern: bytes.baseAddress) % UInt(MemoryLayout<Element>.alignment) == 0
            if isAligned { return try body(bytes.assumingMemoryBound(to: Element.self)) }
            // A copy, which the array keeps where it belongs.
            let count = bytes.count / MemoryLayout<Element>.stride
            let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
            defer { copy.deallocate() }
            UnsafeMutableRawBufferPointer(copy).copyMemory(from: bytes)
            return try body(UnsafeBufferPointer(copy))
        }
    }
}
