import ModelSources
import ServingPrimitives
import Synchronization

/// Folders and files that exist only in the test's mind.
final class FakeFileSystem: FileSystem {
    private let entries = Mutex<[String: FileStatus]>([:])
    private let unreadable = Mutex<Set<String>>([])
    private let texts = Mutex<[String: [UInt8]]>([:])
    private let stagings = Mutex<[String: Staging]>([:])
    private let digestCount = Mutex(0)

    /// How many checksums were taken.
    var digests: Int { digestCount.withLock { $0 } }

    /// Adds a file that can be read.
    func write(_ path: String, _ content: [UInt8], at time: Int64 = 0) {
        write(path, bytes: Int64(content.count), at: time)
        texts.withLock { $0[path] = content }
    }

    /// What `stage` says of a path from now on.
    func setStaging(_ path: String, _ staging: Staging) { stagings.withLock { $0[path] = staging } }

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

    func contents(of file: String, limit: Int) throws(FileSystemError) -> [UInt8] {
        guard let text = texts.withLock({ $0[file] }), !unreadable.withLock({ $0.contains(file) }) else {
            throw FileSystemError("Permission denied")
        }
        return text
    }

    func digest(of file: String) throws(FileSystemError) -> SHA256Digest {
        digestCount.withLock { $0 += 1 }
        return SHA256Digest(of: try contents(of: file, limit: .max))
    }

    func stage(_ path: String, manifest: ManifestRule) -> Staging {
        stagings.withLock { $0[path] } ?? .local(path, isVerified: false)
    }

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
