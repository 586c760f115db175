import ModelSources
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A folder that is gone when the test is.
private final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/apus-test-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    func write(_ name: String, _ content: String) {
        let file = fopen("\(path)/\(name)", "w")!
        fputs(content, file)
        fclose(file)
    }

    deinit {
        for name in (try? LocalFileSystem().names(in: path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }
}

@Suite struct LocalFileSystemTests {
    private let files = LocalFileSystem()

    @Test func `lists what is in a folder`() throws {
        let folder = TemporaryFolder()
        #expect(try files.names(in: folder.path) == [])
        folder.write("b", "")
        mkdir("\(folder.path)/a", 0o755)
        #expect(try files.names(in: folder.path).sorted() == ["a", "b"])
    }

    @Test func `tells kind, size and time of a file, through links, too`() throws {
        let folder = TemporaryFolder()
        folder.write("file", "hello")
        var times = [timespec(tv_sec: 7, tv_nsec: 9), timespec(tv_sec: 7, tv_nsec: 9)]
        utimensat(AT_FDCWD, "\(folder.path)/file", &times, 0)
        symlink("\(folder.path)/file", "\(folder.path)/link")
        let expected = FileStatus(isFolder: false, byteCount: 5, modified: 7_000_000_009)
        #expect(files.status(of: "\(folder.path)/file") == expected)
        #expect(files.status(of: "\(folder.path)/link") == expected)
        #expect(files.status(of: folder.path)?.isFolder == true)
        #expect(files.status(of: "\(folder.path)/none") == nil)
    }

    @Test func `says why a folder cannot be listed`() {
        let folder = TemporaryFolder()
        folder.write("file", "")
        #expect(throws: FileSystemError("No such file or directory")) { try files.names(in: "\(folder.path)/none") }
        #expect(throws: FileSystemError("Not a directory")) { try files.names(in: "\(folder.path)/file") }
    }
}
