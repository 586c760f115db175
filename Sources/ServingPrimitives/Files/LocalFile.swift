#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads small files whole.
public enum LocalFile {
    /// - Parameter path: or a `file://` URI.
    /// - Throws: `NOT_FOUND` and the other codes for what the system says; `INVALID_ARGUMENT` when it is no ordinary file
    ///   or longer than `limit` bytes.
    public static func contents(of path: String, limit: Int) throws(ServingError) -> [UInt8] {
        let scheme = "file://"
        let local = path.hasPrefix(scheme) ? String(path.dropFirst(scheme.count)) : path
        // Without O_NONBLOCK a named pipe that nobody writes to would never open.
        let descriptor = open(local, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw systemError(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw systemError(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .invalidArgument("\(path) is \(kind(status.st_mode)); expected a file")
        }
        // Files of /proc have size 0: only the end of the reading tells.
        return try readAll(descriptor, path, limit: limit)
    }

    private static func readAll(_ descriptor: CInt, _ path: String, limit: Int) throws(ServingError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw systemError(path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw .invalidArgument("\(path) is too large: at most \(limit) bytes are read")
            }
        }
    }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a folder"
        case S_IFIFO: "a named pipe"
        default: "a device or a socket"
        }
    }

    /// `PATH; No such file or directory`, as TensorFlow has it.
    private static func systemError(_ path: String) -> ServingError {
        let number = errno
        let code: CanonicalCode =
            switch number {
            case ENOENT, ENOTDIR: .notFound
            case EACCES, EPERM: .permissionDenied
            case ENAMETOOLONG, ELOOP: .invalidArgument
            default: .unknown
            }
        return ServingError(code, "\(path); \(String(cString: strerror(number)))")
    }
}
