import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Growing 64-byte aligned memory for elements whose number is not known before they are read.
///
/// Written by one reader; shared and never written again once a tensor is made over it.
final class ElementMemory: @unchecked Sendable {
    // Sendable: see above, a tensor is only made when reading is over.
    private(set) var base: UnsafeMutableRawPointer
    private(set) var capacity: Int

    /// - Parameter capacity: bytes, rounded up to a whole cache line.
    init(capacity: Int) {
        self.capacity = Self.rounded(capacity)
        self.base = Self.allocate(self.capacity)
    }

    deinit { free(base) }

    /// Makes room for `byteCount` bytes and keeps the first `count`.
    func grow(toByteCount byteCount: Int, keeping count: Int) {
        let size = Self.rounded(byteCount)
        let target = Self.allocate(size)
        target.copyMemory(from: base, byteCount: count)
        free(base)
        base = target
        capacity = size
    }

    private static func rounded(_ capacity: Int) -> Int {
        (max(capacity, TensorBuffer.alignment) + TensorBuffer.alignment - 1) & ~(TensorBuffer.alignment - 1)
    }

    private static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        var pointer: UnsafeMutableRawPointer?
        let status = posix_memalign(&pointer, TensorBuffer.alignment, count)
        // At most four times the request's own bytes: where these fitted, running out here is running out anywhere.
        guard status == 0, let pointer else { fatalError("no memory for \(count) bytes of tensor elements") }
        return pointer
    }
}
