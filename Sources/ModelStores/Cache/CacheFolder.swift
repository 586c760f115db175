import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The local cache of one process: files by the SHA-256 of their content, and versions as folders of links to them.
///
///     blobs/SHA256              a file, read-only; as many links as versions have it, and this one
///     versions/KEY/files/...    a complete version: the folder comes into being by one renaming
///     versions/KEY/contents     its files, as `VersionContents` writes them
///     versions/KEY/origin       where it is from, for people
///     partial/KEY/...           what is there of a version that is being fetched
///
/// KEY is a checksum of where a version is from and of what the store lists of its files. Calls block.
final class CacheFolder: Sendable {
    let path: String
    /// 0 leaves it to the disk.
    private let limit: Int64
    private let lock: CInt
    /// Versions whose files were seen to be there since the start.
    private let checked = Mutex<Set<String>>([])
    /// Only one thread makes room at a time.
    private let room = Mutex(())

    /// What stays free on the disk.
    private static let reserve: Int64 = 64 << 20
    private static let week: Int64 = 7 * 86_400 * 1_000_000_000

    /// - Throws: when the folder cannot be made or written to, or another process uses it.
    init(_ path: String, limit: Int64, now: Int64) throws(ServingError) {
        self.path = path
        self.limit = limit
        for name in ["blobs", "versions", "partial"] { try LocalFiles.makeFolder("\(path)/\(name)") }
        lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard lock >= 0 else { throw LocalFiles.failure("open", "\(path)/lock") }
        // All is set: what is thrown from here on ends in `deinit`, which closes the lock.
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw .failedPrecondition(
                "another process uses the store cache \(path); give each server one of its own (--store-cache-dir)"
            )
        }
        clean(now: now)
    }

    deinit { close(lock) }

    // MARK: Versions

    func partial(_ key: String) -> String { "\(path)/partial/\(key)" }

    private func version(_ key: String) -> String { "\(path)/versions/\(key)" }

    /// The folder of a version that is complete. One whose files have become fewer or shorter since is removed.
    func files(of key: String) -> String? {
        let folder = version(key)
        if checked.withLock({ $0.contains(key) }), LocalFiles.modified(folder) != nil { return folder + "/files" }
        guard let bytes = try? LocalFile.contents(of: folder + "/contents", limit: 64 << 20) else { return nil }
        let contents = VersionContents(bytes)
        guard let contents, contents.files.allSatisfy({ LocalFiles.size(of: "\(folder)/files/\($0.path)") == $0.size })
        else {
            LocalFiles.remove(folder)
            return nil
        }
        touch(key)
        checked.withLock { _ = $0.insert(key) }
        return folder + "/files"
    }

    func touch(_ key: String) { LocalFiles.touch(version(key)) }

    /// Makes the folder of a version out of the one it was put together in.
    ///
    /// - Parameter tree: its files, as links to blobs, which are on the disk.
    func publish(
        _ key: String,
        tree: String,
        _ contents: VersionContents,
        origin: String
    ) throws(ServingError) -> String {
        let staged = "\(partial(key))/version"
        LocalFiles.remove(staged)
        try LocalFiles.makeFolder(staged)
        try LocalFiles.rename(tree, to: staged + "/files")
        try LocalFiles.write(Array("\(origin)\n".utf8), to: staged + "/origin")
        // Last: it says that the others are there.
        try LocalFiles.write(contents.bytes, to: staged + "/contents")
        try Self.syncTree(staged)
        LocalFiles.remove(version(key))
        try LocalFiles.rename(staged, to: version(key))
        try LocalFiles.syncFolder("\(path)/versions")
        LocalFiles.remove(partial(key))
        // Of an archive nothing but its content is kept.
        room.withLock { _ in removeUnlinkedBlobs() }
        checked.withLock { _ = $0.insert(key) }
        return version(key) + "/files"
    }

    private static func syncTree(_ folder: String) throws(ServingError) {
        for name in LocalFolder.names(in: folder) ?? [] where LocalFiles.size(of: "\(folder)/\(name)") == nil {
            try syncTree("\(folder)/\(name)")
        }
        try LocalFiles.syncFolder(folder)
    }

    // MARK: Blobs

    func blob(_ digest: SHA256Digest) -> String { "\(path)/blobs/\(digest)" }

    /// Takes over a file that is whole and on the disk, and links it.
    func adopt(_ file: String, _ digest: SHA256Digest, as target: String) throws(ServingError) {
        // A blob without another link may be removed by whoever makes room.
        try room.withLock { (_) throws(ServingError) in
            let blob = blob(digest)
            if LocalFiles.size(of: blob) == LocalFiles.size(of: file) {
                LocalFiles.remove(file)
            } else {
                chmod(file, 0o444)
                try LocalFiles.rename(file, to: blob)
            }
            try linkBlob(digest, as: target)
        }
    }

    /// Links a file of that content, where there is one.
    ///
    /// - Parameter size: that it must have; `nil` for any.
    func link(_ digest: SHA256Digest, size: Int64?, as target: String) throws(ServingError) -> Bool {
        try room.withLock { (_) throws(ServingError) in
            guard let found = LocalFiles.size(of: blob(digest)), size == nil || found == size else { return false }
            try linkBlob(digest, as: target)
            return true
        }
    }

    private func linkBlob(_ digest: SHA256Digest, as target: String) throws(ServingError) {
        if let slash = target.lastIndex(of: "/") { try LocalFiles.makeFolder(String(target[..<slash])) }
        try LocalFiles.link(blob(digest), as: target)
    }

    // MARK: Room

    /// Bytes of all files, each once.
    var usedBytes: Int64 {
        let blobs = LocalFolder.names(in: "\(path)/blobs") ?? []
        let complete = blobs.reduce(Int64(0)) { $0 + (LocalFiles.size(of: "\(path)/blobs/\($1)") ?? 0) }
        return (LocalFolder.names(in: "\(path)/partial") ?? []).reduce(complete) { $0 + Self.ownBytes(of: partial($1)) }
    }

    /// Of files that are not blobs, as far as they are written.
    private static func ownBytes(of folder: String) -> Int64 {
        (LocalFolder.names(in: folder) ?? []).reduce(Int64(0)) { sum, name in
            let path = "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { return sum }
            if status.st_mode & S_IFMT == S_IFDIR { return sum + ownBytes(of: path) }
            return status.st_nlink > 1 ? sum : sum + Int64(status.st_blocks) * 512
        }
    }

    /// Removes what nobody needs until there is room for so many bytes more.
    ///
    /// - Parameter needed: keys of versions that are served or being fetched.
    /// - Throws: `RESOURCE_EXHAUSTED` with both figures when that cannot be.
    func makeRoom(for bytes: Int64, keeping needed: Set<String>, _ what: String) throws(ServingError) {
        try room.withLock { (_) throws(ServingError) in
            while true {
                let used = usedBytes
                let limit = limit > 0 ? limit : used + max(0, (LocalFiles.freeBytes(at: path) ?? .max) - Self.reserve)
                switch CachePlan.step(entries(needed), used: used, needed: bytes, limit: limit) {
                case .fits: return
                case .remove(let key): remove(key)
                case .refuse:
                    throw ServingError(
                        .resourceExhausted,
                        "\(what) needs \(ByteText.of(bytes)) in the store cache \(path), of whose "
                            + "\(ByteText.of(limit)) \(ByteText.of(used)) are in use (--store-cache-bytes)"
                    )
                }
            }
        }
    }

    /// What may be taken by a version at most.
    var largestVersion: Int64 { limit > 0 ? limit : max(0, (LocalFiles.freeBytes(at: path) ?? .max) - Self.reserve) }

    private func entries(_ needed: Set<String>) -> [CachePlan.Entry] {
        let keys = (LocalFolder.names(in: "\(path)/versions") ?? []) + (LocalFolder.names(in: "\(path)/partial") ?? [])
        return Set(keys).map { key in
            CachePlan.Entry(
                key: key,
                lastUse: LocalFiles.modified(version(key)) ?? LocalFiles.modified(partial(key)) ?? 0,
                isNeeded: needed.contains(key)
            )
        }
    }

    private func remove(_ key: String) {
        checked.withLock { _ = $0.remove(key) }
        // Out of sight at once: half of a version must never be found.
        let doomed = "\(path)/partial/.removed-\(key)"
        try? LocalFiles.rename(version(key), to: doomed)
        LocalFiles.remove(doomed)
        LocalFiles.remove(partial(key))
        removeUnlinkedBlobs()
    }

    private func removeUnlinkedBlobs() {
        for name in LocalFolder.names(in: "\(path)/blobs") ?? []
        where LocalFiles.linkCount(of: "\(path)/blobs/\(name)") == 1 {
            LocalFiles.remove("\(path)/blobs/\(name)")
        }
    }

    /// What an earlier process left.
    private func clean(now: Int64) {
        for name in LocalFolder.names(in: "\(path)/partial") ?? [] {
            let isOld = (LocalFiles.modified(partial(name)) ?? 0) < now - Self.week
            if isOld || name.hasPrefix(".") { LocalFiles.remove(partial(name)) }
        }
        removeUnlinkedBlobs()
    }
}
