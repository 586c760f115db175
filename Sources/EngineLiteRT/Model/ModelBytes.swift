import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The content of a model's file, in memory of its own.
///
/// Not mapped: a file that is cut short while its model is served would end the process.
final class ModelBytes: @unchecked Sendable {
    // Sendable: never written after it is made.
    let content: UnsafeRawBufferPointer

    /// - Throws: why the file cannot be read.
    init(readingFileAt path: String) throws(ServingError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(path) }
        let size = Int(status.st_size)
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, 64, max(size, 64)) == 0, let memory else {
            throw ServingError(.resourceExhausted, "there is no memory for the \(size) bytes of \(path)")
        }
        var count = 0
        while count < size {
            let result = read(descriptor, memory + count, size - count)
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { break }
            count += result
        }
        guard count == size else {
            free(memory)
            throw ServingError(.dataLoss, "\(path) has \(size) bytes, of which only \(count) could be read")
        }
        content = UnsafeRawBufferPointer(start: memory, count: size)
    }

    deinit { free(UnsafeMutableRawPointer(mutating: content.baseAddress)) }

    private static func failure(_ path: String) -> ServingError {
        let reason = String(cString: strerror(errno))
        return errno == ENOENT ? .notFound("\(path): \(reason)") : ServingError(.unknown, "\(path): \(reason)")
    }
}
