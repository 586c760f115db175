import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Calls of the system on the files of the cache, each with an error that says which file.
enum LocalFiles {
    static func makeFolder(_ path: String) throws(ServingError) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw failure("make the folder", path)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("make the folder", path) }
    }

    static func size(of path: String) -> Int64? {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
    }

    static func modified(_ path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }

    static func linkCount(of path: String) -> Int {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_nlink) : 0
    }

    /// Removes a file, or a folder and everything in it; follows no link.
    static func remove(_ path: String) {
        guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
        for name in LocalFolder.names(in: path) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }

    static func rename(_ path: String, to target: String) throws(ServingError) {
        guard systemRename(path, target) == 0 else { throw failure("rename", path) }
    }

    /// Gives the file another name, in place of what was there.
    static func link(_ path: String, as target: String) throws(ServingError) {
        if systemLink(path, target) == 0 { return }
        guard errno == EEXIST else { throw failure("link", path) }
        unlink(target)
        guard systemLink(path, target) == 0 else { throw failure("link", path) }
    }

    /// Writes a small file whole, to the disk.
    static func write(_ bytes: [UInt8], to path: String) throws(ServingError) {
        let file = try OpenFile(path, truncates: true)
        try file.write(bytes[...], at: 0)
        try file.sync()
    }

    static func syncFolder(_ path: String) throws(ServingError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("write", path) }
    }

    static func touch(_ path: String) { utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW) }

    /// Bytes that may still be written where the path is.
    static func freeBytes(at path: String) -> Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int64(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
        )
    }

    static func failure(_ action: String, _ path: String) -> ServingError {
        let code: CanonicalCode = errno == ENOSPC || errno == EDQUOT ? .resourceExhausted : .unavailable
        return ServingError(code, "cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}

/// A file that is open for writing, and closed with this.
final class OpenFile: Sendable {
    private let path: String
    private let descriptor: CInt

    init(_ path: String, truncates: Bool = false) throws(ServingError) {
        self.path = path
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (truncates ? O_TRUNC : 0)
        descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else { throw LocalFiles.failure("open", path) }
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ServingError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw LocalFiles.failure("write", path) }
            done += count
        }
    }

    func write(_ bytes: ArraySlice<UInt8>, at offset: Int64) throws(ServingError) {
        try bytes.withUnsafeBytes { part in
            Result { () throws(ServingError) in try write(part, at: offset) }
        }.get()
    }

    func setSize(_ size: Int64) throws(ServingError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw LocalFiles.failure("write", path) }
    }

    func sync() throws(ServingError) {
        guard fdatasync(descriptor) == 0 else { throw LocalFiles.failure("write", path) }
    }
}

/// The system's functions, where members of the same names hide them.
private func systemRename(_ path: String, _ target: String) -> CInt { rename(path, target) }
private func systemLink(_ path: String, _ target: String) -> CInt { link(path, target) }
