import ModelSources
import Synchronization

/// Folders and files that exist only in the test's mind.
final class FakeFileSystem: FileSystem {
    private let entries = Mutex<[String: FileStatus]>([:])
    private let unreadable = Mutex<Set<String>>([])

    /// Adds a file, with the folders above it. Like a real file system it renews the time stamps of the folder the
    /// file was put into.
    func write(_ path: String, bytes: Int64 = 1, at time: Int64 = 0) {
        entries.withLock { entries in
            entries[path] = FileStatus(isFolder: false, byteCount: bytes, modified: time)
            for folder in Self.ancestors(of: path) where entries[folder] == nil {
                entries[folder] = FileStatus(isFolder: true, byteCount: 0, modified: time)
            }
            if let parent = Self.ancestors(of: path).first { entries[parent]?.modified = time }
        }
    }

    func makeFolder(_ path: String, at time: Int64 = 0) {
        write(path + "/x", at: time)
        remove(path + "/x")
    }

    /// A folder with everything a model without variables needs.
    func writeModel(_ folder: String, at time: Int64 = 0) { write(folder + "/saved_model.pb", at: time) }

    /// Removes a file, or a folder and all in it.
    func remove(_ path: String) {
        entries.withLock { entries in
            entries = entries.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
        }
    }

    func setReadable(_ path: String, _ isReadable: Bool) {
        unreadable.withLock { unreadable in
            if isReadable { unreadable.remove(path) } else { unreadable.insert(path) }
        }
    }

    func names(in folder: String) throws(FileSystemError) -> [String] {
        guard !unreadable.withLock({ $0.contains(folder) }) else { throw FileSystemError("Permission denied") }
        let names: [String]? = entries.withLock { entries in
            guard entries[folder]?.isFolder == true else { return nil }
            return entries.keys.filter { Self.ancestors(of: $0).first == folder }
                .map { String($0.dropFirst(folder.count + 1)) }
        }
        guard let names else { throw FileSystemError("No such file or directory") }
        return names
    }

    func status(of path: String) -> FileStatus? { entries.withLock { $0[path] } }

    /// The folders above a path, nearest first.
    private static func ancestors(of path: String) -> [String] {
        var result: [String] = []
        var rest = Substring(path)
        while let slash = rest.lastIndex(of: "/"), slash != rest.startIndex {
            rest = rest[..<slash]
            result.append(String(rest))
        }
        return result
    }
}
