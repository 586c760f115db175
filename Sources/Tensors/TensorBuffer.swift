#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Memory for one fixed-width tensor while it is being written: 64-byte aligned, so that engines take it without a
/// copy. `freeze()` makes it a shared immutable `Tensor`; a drop without freezing frees it.
public struct TensorBuffer: ~Copyable {
    /// The alignment TensorFlow needs to use memory in place (`EIGEN_MAX_ALIGN_BYTES`).
    public static var alignment: Int { 64 }

    public let elementType: ElementType
    public let shape: TensorShape
    private let storage: AlignedStorage

    /// Uninitialised memory for `shape`.
    ///
    /// - Throws: for strings, on overflow and when the memory is not to be had.
    public init(_ elementType: ElementType, _ shape: TensorShape) throws(TensorError) {
        guard let width = elementType.byteWidth else { throw TensorError("use StringTensorBuilder for strings") }
        let (count, overflow) = shape.elementCount.multipliedReportingOverflow(by: width)
        guard !overflow, let storage = AlignedStorage(byteCount: count) else {
            throw TensorError("a \(elementType.name) tensor of shape \(shape) does not fit in memory")
        }
        self.elementType = elementType
        self.shape = shape
        self.storage = storage
    }

    public var byteCount: Int { storage.byteCount }

    public mutating func withUnsafeMutableBytes<R, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeMutableRawBufferPointer(start: storage.base, count: storage.byteCount))
    }

    public consuming func freeze() -> Tensor {
        Tensor(uncheckedType: elementType, shape: shape, base: UnsafeRawPointer(storage.base), owner: storage)
    }
}

/// 64-byte aligned heap memory with one owner count. Immutable once its tensor is frozen.
final class AlignedStorage: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    init?(byteCount: Int) {
        var pointer: UnsafeMutableRawPointer?
        // At least one cache line: a zero-size tensor still needs an address.
        guard posix_memalign(&pointer, TensorBuffer.alignment, max(byteCount, TensorBuffer.alignment)) == 0,
            let pointer
        else { return nil }
        self.base = pointer
        self.byteCount = byteCount
    }

    deinit { free(base) }
}
