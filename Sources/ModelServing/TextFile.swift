import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads small files that a person wrote: configurations and certificates.
enum TextFile {
    private static let maximumByteCount = 8 << 20

    /// - Throws: `PATH; REASON`, as TensorFlow says it.
    static func read(_ path: String) throws(ServingError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(path, errno)
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= maximumByteCount else {
                throw .invalidArgument("\(path) has more than \(maximumByteCount) bytes; expected a small text file")
            }
        }
    }

    private static func failure(_ path: String, _ number: Int32) -> ServingError {
        let code: CanonicalCode =
            switch number {
            case ENOENT: .notFound
            case EACCES, EPERM: .permissionDenied
            case EISDIR, ENOTDIR: .failedPrecondition
            default: .unknown
            }
        return ServingError(code, "\(path); \(String(cString: strerror(number)))")
    }
}
