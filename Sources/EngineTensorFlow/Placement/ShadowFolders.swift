import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where this process keeps its shadow folders: in one folder of its own, `apus-placed-XXXXXX` among the temporary files,
/// which is there only while it has any.
///
/// A process holds a lock on a file in its folder for as long as it lives. A folder whose lock is free was left over by one
/// that crashed, and is removed by the next one that makes such a folder.
package final class ShadowFolders: Sendable {
    private struct State {
        /// `nil` while there is no shadow.
        var folder: String?
        var lock: CInt = -1
        var shadows = 0
        var made: UInt64 = 0
    }

    private static let prefix = "apus-placed-"
    private static let lockName = "lock"
    private let parent: String
    private let state = Mutex(State())

    /// - Parameter parent: `nil` is the system's folder for temporary files.
    package init(parent: String? = nil) {
        self.parent = parent ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    }

    /// A shadow of the version in `folder` whose graph is on `device`.
    func make(of folder: String, device: DeviceName) throws(ServingError) -> ShadowFolder {
        let shadow = try begin()
        do throws(ServingError) {
            try shadow.fill(from: Self.absolute(folder), device: device)
            return shadow
        } catch {
            shadow.remove()
            throw error
        }
    }

    /// Links need paths that do not depend on the current folder.
    private static func absolute(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private func begin() throws(ServingError) -> ShadowFolder {
        let result = state.withLock { state in
            Result { () throws(ServingError) in
                var folder = state.folder ?? ""
                if folder.isEmpty { folder = try openFolder(&state) }
                state.made += 1
                let path = "\(folder)/\(state.made)"
                guard mkdir(path, 0o700) == 0 else { throw Self.failure("make the folder", path) }
                state.shadows += 1
                return path
            }
        }
        return ShadowFolder(path: try result.get(), owner: self)
    }

    func remove(_ shadow: ShadowFolder) {
        Self.removeTree(shadow.path)
        state.withLock { state in
            state.shadows -= 1
            if state.shadows == 0 { closeFolder(&state) }
        }
    }

    // MARK: The process's folder

    private func openFolder(_ state: inout State) throws(ServingError) -> String {
        discardLeftovers()
        // Under another name first: one that is found without a lock is taken for a leftover.
        var template = Array("\(parent)/.\(Self.prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Self.failure("make a folder for placed models in", parent) }
        let hidden = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let lock = open("\(hidden)/\(Self.lockName)", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        let folder = "\(parent)/\(Self.prefix)\(hidden.suffix(6))"
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0, rename(hidden, folder) == 0 else {
            let error = Self.failure("prepare the folder", hidden)
            if lock >= 0 { close(lock) }
            Self.removeTree(hidden)
            throw error
        }
        (state.folder, state.lock) = (folder, lock)
        return folder
    }

    private func closeFolder(_ state: inout State) {
        guard let folder = state.folder else { return }
        Self.removeTree(folder)
        close(state.lock)
        (state.folder, state.lock) = (nil, -1)
    }

    /// Removes what processes that are no more have left. What is somebody else's, or no folder, is left alone.
    package func discardLeftovers() {
        for name in LocalFolder.names(in: parent) ?? [] where name.hasPrefix(Self.prefix) {
            let path = "\(parent)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
                continue
            }
            let lock = open("\(path)/\(Self.lockName)", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard lock >= 0 else { continue }
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { Self.removeTree(path) }
            close(lock)
        }
    }

    /// Removes a folder and what is in it; links are removed, never followed.
    private static func removeTree(_ folder: String, depth: Int = 0) {
        // A shadow lies one folder deep, and has none in it.
        if depth < 4 {
            for name in LocalFolder.names(in: folder) ?? [] {
                let path = "\(folder)/\(name)"
                var status = stat()
                guard lstat(path, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR { removeTree(path, depth: depth + 1) } else { unlink(path) }
            }
        }
        rmdir(folder)
    }

    private static func failure(_ action: String, _ path: String) -> ServingError {
        .unavailable("cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}
