import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Memory of the system's own, unmapped with the last reference to it.
final class MappedMemory: @unchecked Sendable {
    // Sendable: who may touch which bytes when is the affair of those who hold it.
    let start: UnsafeMutableRawPointer
    let count: Int
    private let mapping: UnsafeMutableRawBufferPointer

    /// Bytes of a huge page of the processors that Linux runs on here.
    static let hugePage = 2 << 20

    /// Zeros, which take no memory before they are written.
    ///
    /// - Parameter hugePages: whether the system is asked for huge ones; where it has none it gives ordinary ones.
    init(zeros count: Int, hugePages: Bool) throws(ServingError) {
        let (size, overflow) = count.addingReportingOverflow(hugePages ? Self.hugePage : 0)
        guard count > 0, !overflow else { throw .internalError("\(count) bytes of memory were asked for") }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let memory = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), memory != MAP_FAILED else {
            throw .ofSystem("\(count) bytes of memory for embeddings cannot be had", .resourceExhausted)
        }
        mapping = UnsafeMutableRawBufferPointer(start: memory, count: size)
        start = hugePages ? memory.alignedUp(toMultipleOf: Self.hugePage) : memory
        self.count = count
        if hugePages { madvise(start, count, MADV_HUGEPAGE) }
    }

    /// A file's first `count` bytes, to be read only.
    init(file descriptor: CInt, count: Int, path: String) throws(ServingError) {
        guard let memory = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), memory != MAP_FAILED else {
            throw .ofSystem("\(path) cannot be mapped", .resourceExhausted)
        }
        start = memory
        self.count = count
        mapping = UnsafeMutableRawBufferPointer(start: memory, count: count)
    }

    deinit { munmap(mapping.baseAddress, mapping.count) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
}

extension ServingError {
    /// With what the system said last.
    static func ofSystem(_ what: String, _ code: CanonicalCode) -> ServingError {
        ServingError(code, "\(what): \(String(cString: strerror(errno)))")
    }
}
