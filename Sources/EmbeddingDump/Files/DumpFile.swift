import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file of a dump, open for reading.
final class DumpFile: TFRecordSource, Sendable {
    let path: String
    let byteCount: UInt64
    private let descriptor: CInt

    /// - Throws: `PATH; No such file or directory` and the like; `FAILED_PRECONDITION` when it is no ordinary file.
    init(_ path: String) throws(ServingError) {
        // Not blocking: a pipe of that name would hold up the import for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.systemError(path, errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .failedPrecondition("\(path) is not an ordinary file")
        }
        self.path = path
        self.descriptor = descriptor
        byteCount = UInt64(clamping: status.st_size)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { close(descriptor) }

    /// How long a file is, without keeping it open.
    static func byteCount(of path: String) throws(ServingError) -> UInt64 { try DumpFile(path).byteCount }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(ServingError) {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(clamping: offset) + off_t(filled))
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw Self.systemError(path, errno) }
            guard count > 0 else {
                throw ServingError(.dataLoss, "\(path) became shorter while it was read; expected \(byteCount) bytes")
            }
            filled += count
        }
    }

    static func systemError(_ path: String, _ number: CInt) -> ServingError {
        let code: CanonicalCode =
            switch number {
            case ENOENT, ENOTDIR: .notFound
            case EACCES, EPERM, EROFS: .permissionDenied
            case EEXIST: .alreadyExists
            case ENAMETOOLONG, ELOOP, EISDIR: .invalidArgument
            case ENOSPC, EDQUOT, EFBIG, EMFILE, ENFILE: .resourceExhausted
            default: .unknown
            }
        return ServingError(code, "\(path); \(String(cString: strerror(number)))")
    }
}
