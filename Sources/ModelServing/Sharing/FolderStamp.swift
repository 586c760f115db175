import ModelSources

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What tells that the files of a version are those that were looked at before, without reading them.
struct FolderStamp: Hashable {
    struct File: Hashable {
        var device: UInt64
        var number: UInt64
        var byteCount: Int64
        /// Nanoseconds since 1970: when the content changed, and when anything did.
        var modified: Int64
        var changed: Int64
        var links: UInt64
    }

    /// More than any model has.
    private static let maximumCount = 10_000
    private static let maximumDepth = 16

    /// By path in the folder.
    private(set) var files: [String: File] = [:]

    /// Looks at all files that make the loaded model what it is: not at what is for its warm-up and its batches.
    ///
    /// - Returns: `nil` for a folder that cannot be read, or that has anything in it but folders and files.
    init?(of path: String) {
        guard add(path, prefix: "", depth: 0), !files.isEmpty else { return nil }
    }

    private mutating func add(_ folder: String, prefix: String, depth: Int) -> Bool {
        guard depth < Self.maximumDepth, let names = try? LocalFileSystem().names(in: folder) else { return false }
        for name in names {
            let key = prefix + name
            var info = stat()
            guard files.count < Self.maximumCount, stat("\(folder)/\(name)", &info) == 0 else { return false }
            switch info.st_mode & S_IFMT {
            case S_IFDIR:
                guard add("\(folder)/\(name)", prefix: "\(key)/", depth: depth + 1) else { return false }
            case S_IFREG:
                if Self.matters(key) { files[key] = File(info) }
            default: return false
            }
        }
        return true
    }

    private static func matters(_ file: String) -> Bool {
        if file == ChecksumList.fileName { return false }
        return !file.hasPrefix("assets.extra/") || file == "assets.extra/saved_model_config.pb"
    }

    /// Sizes alone: folders of which these differ are not looked into.
    var layout: [String: Int64] { files.mapValues(\.byteCount) }

    /// Whether these are the very files of the earlier look, unchanged: at the same place, or by other names for them.
    func isContinued(from earlier: FolderStamp) -> Bool {
        files.count == earlier.files.count
            && files.allSatisfy { name, file in earlier.files[name].map(file.isContinued) ?? false }
    }
}

extension FolderStamp.File {
    fileprivate init(_ info: stat) {
        func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec) }
        device = UInt64(info.st_dev)
        number = UInt64(info.st_ino)
        byteCount = Int64(info.st_size)
        modified = nanoseconds(info.st_mtim)
        changed = nanoseconds(info.st_ctim)
        links = UInt64(info.st_nlink)
    }

    /// A new name for a file changes it, but not its content.
    fileprivate func isContinued(from earlier: Self) -> Bool {
        device == earlier.device && number == earlier.number && byteCount == earlier.byteCount
            && modified == earlier.modified && (changed == earlier.changed || links != earlier.links)
    }
}
