#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Replaces a file's content so that whoever reads it sees the old or the new, also after a crash: never a part.
public enum AtomicFile {
    /// Writes `bytes` beside the file, to the disk, and puts them in its place. Owner and permissions stay; of a link the
    /// file it leads to is replaced.
    ///
    /// - Throws: what the system says; the file is as it was then, and nothing is left beside it.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(ServingError) {
        let target = try resolved(path)
        var status = stat()
        guard stat(target, &status) == 0 else { throw failure("read", target) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .invalidArgument("\(target) is not an ordinary file") }
        var template = Array("\(target).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure("make a file beside", target) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var isInPlace = false
        defer {
            close(descriptor)
            if !isInPlace { unlink(template) }
        }
        // Not every process may give files away; then the new one is ours, as an editor's would be.
        _ = fchown(descriptor, status.st_uid, status.st_gid)
        guard fchmod(descriptor, status.st_mode & 0o7777) == 0 else { throw failure("set the permissions of", target) }
        try write(bytes, to: descriptor, target)
        guard fsync(descriptor) == 0 else { throw failure("write", target) }
        guard rename(template, target) == 0 else { throw failure("replace", target) }
        isInPlace = true
        syncFolder(of: target)
    }

    private static func resolved(_ path: String) throws(ServingError) -> String {
        guard let real = realpath(path, nil) else { throw failure("find", path) }
        defer { free(real) }
        return String(cString: real)
    }

    private static func write(_ bytes: [UInt8], to descriptor: CInt, _ path: String) throws(ServingError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", path) }
            rest = rest.dropFirst(count)
        }
    }

    /// Without it a crash may bring the old file back; the new one is in place in any case.
    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ action: String, _ path: String) -> ServingError {
        .unavailable("cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}

/// The system's function, where a member of the same name hides it.
private func systemWrite(_ descriptor: CInt, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, start, count)
}
