public import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file system of this machine, whatever is mounted in it.
public struct LocalFileSystem: FileSystem {
    public init() {}

    public func names(in folder: String) throws(FileSystemError) -> [String] {
        guard let stream = opendir(folder) else { throw FileSystemError(Self.lastError()) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw FileSystemError(Self.lastError()) }
                return names
            }
            // `d_name` ends with a zero; the record is at least as long as the name in it.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    public func status(of path: String) -> FileStatus? {
        var result = stat()
        guard stat(path, &result) == 0 else { return nil }
        return FileStatus(
            isFolder: result.st_mode & S_IFMT == S_IFDIR,
            byteCount: Int64(result.st_size),
            modified: Int64(result.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(result.st_mtim.tv_nsec)
        )
    }

    public func contents(of file: String, limit: Int) throws(FileSystemError) -> [UInt8] {
        do throws(ServingError) {
            return try LocalFile.contents(of: file, limit: limit)
        } catch {
            throw FileSystemError(error.message)
        }
    }

    public func digest(of file: String) throws(FileSystemError) -> SHA256Digest {
        // Without O_NONBLOCK a named pipe that nobody writes to would never open.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileSystemError(Self.lastError()) }
        defer { close(descriptor) }
        var hash = SHA256()
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileSystemError(Self.lastError()) }
            if count == 0 { return hash.digest() }
            chunk.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    private static func lastError() -> String { String(cString: strerror(errno)) }
}
