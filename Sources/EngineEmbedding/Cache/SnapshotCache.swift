import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The folder where snapshots of imported dumps lie, so that a start need not import them again.
///
/// A snapshot is named by what it was made from: other files, or another configuration, have another name. What nobody has used
/// for a day is removed when the next one is written. A snapshot that is served and removed by somebody else goes on being
/// served: the file is mapped.
final class SnapshotCache: Sendable {
    let folder: String
    private let uses = Mutex<[String: Int]>([:])

    private static let suffix = ".emb"
    private static let unusedSeconds = 24 * 3_600

    init(folder: String) { self.folder = folder }

    func path(_ source: SHA256Digest) -> String { "\(folder)/\(source)\(Self.suffix)" }

    /// Makes the folder, and those above it.
    func prepare() throws(ServingError) {
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: true) {
            path += "/\(part)"
            guard mkdir(path, 0o755) != 0, errno != EEXIST else { continue }
            // Folders of others, which we may not write to, are there.
            guard access(path, F_OK) == 0 else {
                throw .ofSystem("the folder \(path) for snapshots of embeddings cannot be made", .failedPrecondition)
            }
        }
    }

    /// The snapshot of that source, when it is there and whole.
    func open(_ source: SHA256Digest, placement: Snapshot.Placement, format: RowFormat) -> Snapshot? {
        guard let snapshot = try? Snapshot(path: path(source), placement: placement),
            snapshot.fingerprint == Array(source.description.utf8), snapshot.format == format
        else { return nil }
        return snapshot
    }

    /// From here to `release` the snapshot counts as used.
    func use(_ source: SHA256Digest) {
        let path = path(source)
        uses.withLock { $0[path, default: 0] += 1 }
        utimensat(AT_FDCWD, path, nil, 0)
    }

    func release(_ source: SHA256Digest) {
        let path = path(source)
        uses.withLock { uses in
            let left = (uses[path] ?? 1) - 1
            uses[path] = left == 0 ? nil : left
        }
        // The day begins here.
        utimensat(AT_FDCWD, path, nil, 0)
    }

    /// Removes what nobody has used for a day.
    func clean() {
        let used = uses.withLock { Set($0.keys) }
        let now = time(nil)
        for name in LocalFolder.names(in: folder) ?? [] where name.contains(Self.suffix) {
            let path = "\(folder)/\(name)"
            if used.contains(path) {
                utimensat(AT_FDCWD, path, nil, 0)
                continue
            }
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            if now - status.st_mtim.tv_sec > Self.unusedSeconds { unlink(path) }
        }
    }
}
