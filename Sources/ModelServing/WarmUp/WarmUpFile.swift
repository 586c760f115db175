import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The warm-up file of a version, open for reading.
final class WarmUpFile: TFRecordSource, Sendable {
    /// Where a version keeps it.
    static func path(in folder: String) -> String { "\(folder)/assets.extra/tf_serving_warmup_requests" }

    let path: String
    let byteCount: UInt64
    private let descriptor: Int32

    /// - Returns: `nil` when there is no such file.
    /// - Throws: why it cannot be read, as TensorFlow says it (`PATH; Permission denied`).
    init?(_ path: String) throws(ServingError) {
        // Not blocking: a pipe of that name would hold up the load for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw Self.error(path, errno)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .failedPrecondition("\(path); Not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        byteCount = UInt64(clamping: status.st_size)
    }

    deinit { close(descriptor) }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(ServingError) {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(clamping: offset) + off_t(filled))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw Self.error(path, errno) }
            guard count > 0 else { throw ServingError(.dataLoss, "truncated record at \(offset)") }
            filled += count
        }
    }

    private static func error(_ path: String, _ number: Int32) -> ServingError {
        let code: CanonicalCode = number == EACCES || number == EPERM ? .permissionDenied : .unknown
        return ServingError(code, "\(path); \(String(cString: strerror(number)))")
    }
}
