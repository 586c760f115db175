import Tensors

/// Tensor memory at a chosen distance from a 64-byte boundary, which tells when it is freed.
final class OffsetMemory: @unchecked Sendable {
    // Sendable: written before it is shared.
    private let block: UnsafeMutableRawBufferPointer
    private let onFree: @Sendable () -> Void

    private init(_ block: UnsafeMutableRawBufferPointer, onFree: @escaping @Sendable () -> Void) {
        self.block = block
        self.onFree = onFree
    }

    deinit {
        // Whoever still reads it gets something else.
        block.initializeMemory(as: UInt8.self, repeating: 0xAA)
        block.deallocate()
        onFree()
    }

    /// A tensor with `byte(index)` as its bytes; for strings, each element's content is that byte.
    static func tensor(
        _ type: ElementType,
        _ shape: TensorShape,
        offset: Int,
        onFree: @escaping @Sendable () -> Void = {},
        byte: (Int) -> UInt8
    ) throws -> Tensor {
        guard let width = type.byteWidth else {
            return try Tensor(shape, strings: (0..<shape.elementCount).map { [byte($0)] })
        }
        let count = shape.elementCount * width
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: offset + count, alignment: 64)
        let bytes = UnsafeMutableRawBufferPointer(rebasing: block[offset...])
        for index in 0..<count { bytes[index] = byte(index) }
        return try Tensor(
            type,
            shape,
            bytes: UnsafeRawBufferPointer(bytes),
            owner: OffsetMemory(block, onFree: onFree)
        )
    }
}

extension ElementType {
    /// The types for which the model `all_types` has a signature.
    static var carried: [ElementType] { allCases.filter { $0 != .float8E5M2 && $0 != .float8E4M3FN } }

    /// The name of that signature.
    var modelName: String {
        switch self {
        case .float32: "float32"
        case .float64: "float64"
        default: name
        }
    }
}
