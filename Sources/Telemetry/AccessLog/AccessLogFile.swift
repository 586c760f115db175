import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file of an access log. Lines are appended whole; one that a full disk cut off is ended before the next.
final class AccessLogFile: Sendable {
    private struct State {
        var descriptor: Int32
        /// The last write stopped inside of a line.
        var isInsideLine = false
    }

    private let path: String
    private let state: Mutex<State>

    init(_ path: String) throws(ServingError) {
        self.path = path
        state = Mutex(State(descriptor: path == "-" ? STDOUT_FILENO : try Self.open(path)))
    }

    deinit { state.withLock { if $0.descriptor != STDOUT_FILENO { close($0.descriptor) } } }

    /// - Returns: whether all of it was written.
    func write(_ lines: [UInt8]) -> Bool {
        // The descriptor of its own cannot be closed by a `reopen` meanwhile.
        let (descriptor, isInsideLine) = state.withLock { (dup($0.descriptor), $0.isInsideLine) }
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let lines = isInsideLine ? [UInt8(ascii: "\n")] + lines : lines
        var count = 0
        while count < lines.count {
            let written = lines.withUnsafeBytes { bytes in
                Self.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[count...]))
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { break }
            count += written
        }
        let isInside = count == 0 ? isInsideLine : lines[count - 1] != UInt8(ascii: "\n")
        state.withLock { $0.isInsideLine = isInside }
        return count == lines.count
    }

    func reopen() throws(ServingError) {
        guard path != "-" else { return }
        let descriptor = try Self.open(path)
        let old = state.withLock { state in
            defer { state = State(descriptor: descriptor) }
            return state.descriptor
        }
        close(old)
    }

    private static func open(_ path: String) throws(ServingError) -> Int32 {
        // Without O_NONBLOCK a pipe that nobody reads would hold up the start.
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        #if canImport(Musl)
        let descriptor = Musl.open(path, flags, 0o640)
        #else
        let descriptor = Glibc.open(path, flags, 0o640)
        #endif
        guard descriptor >= 0 else {
            throw .invalidArgument("cannot open the access log \(path): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Musl)
        return Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #else
        return Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
