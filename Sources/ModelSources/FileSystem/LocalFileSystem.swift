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

    private static func lastError() -> String { String(cString: strerror(errno)) }
}
