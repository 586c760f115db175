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
    private var block: UnsafeMutableRawPointer

    /// - Parameter capacity: bytes, rounded up to a whole cache line.
    init(capacity: Int) {
        self.capacity = Self.rounded(capacity)
        block = Self.allocate(self.capacity)
        base = block.alignedUp(toMultipleOf: TensorBuffer.alignment)
    }

    deinit { free(block) }

    /// Makes room for `byteCount` bytes and keeps the first `count`.
    func grow(toByteCount byteCount: Int, keeping count: Int) {
        let size = Self.rounded(byteCount)
        let new = Self.allocate(size)
        let target = new.alignedUp(toMultipleOf: TensorBuffer.alignment)
        target.copyMemory(from: base, byteCount: count)
        free(block)
        block = new
        base = target
        capacity = size
    }

    private static func rounded(_ capacity: Int) -> Int {
        (max(capacity, TensorBuffer.alignment) + TensorBuffer.alignment - 1) & ~(TensorBuffer.alignment - 1)
    }

    /// Room for `count` aligned bytes somewhere in the block: `posix_memalign` is three times as slow for a small one.
    private static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        // At most four times the request's own bytes: where these fitted, running out here is running out anywhere.
        guard let block = malloc(count + TensorBuffer.alignment) else {
            fatalError("no memory for \(count) bytes of tensor elements")
        }
        return block
    }
}
