import ModelSources
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Lets the system drop the files of versions from its page cache once they are loaded: what they hold is in memory a
/// second time then.
///
/// While several versions load, it waits for the last of them: they may share files. So after the first loads together,
/// then after each by itself, as TensorFlow Serving does with the caches of its file systems.
final class FileCacheFlush: Sendable {
    private struct State {
        var loads = 0
        var folders: [String] = []
    }

    private let state = Mutex(State())

    /// Calls `body`, which loads what is in `folder`; drops that, and what was loaded meanwhile, when no load is left.
    func afterLoading<R, E: Error>(_ folder: String, _ body: () throws(E) -> R) throws(E) -> R {
        state.withLock { $0.loads += 1 }
        defer {
            let folders: [String] = state.withLock { state in
                state.loads -= 1
                state.folders.append(folder)
                guard state.loads == 0 else { return [] }
                defer { state.folders = [] }
                return state.folders
            }
            for folder in folders { Self.drop(folder, depth: 0) }
        }
        return try body()
    }

    /// Bounds against links in circles and folders that are no models.
    private static let maximumDepth = 8
    private static let maximumEntries = 10_000

    private static func drop(_ path: String, depth: Int) {
        let files = LocalFileSystem()
        guard let status = files.status(of: path) else { return }
        guard status.isFolder else { return dropFile(path) }
        guard depth < maximumDepth, let names = try? files.names(in: path) else { return }
        for name in names.prefix(maximumEntries) { drop("\(path)/\(name)", depth: depth + 1) }
    }

    /// Pages that someone else has mapped or that are not written yet stay.
    private static func dropFile(_ path: String) {
        // Not blocking, as a version's folder may hold a pipe.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return }
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
        close(file)
    }
}
