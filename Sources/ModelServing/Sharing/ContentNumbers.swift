import ServingPrimitives
import Synchronization

/// Numbers for what is in the folders of versions: those with the same files have the same.
///
/// Costs a look at the sizes of files for all, and for what has the sizes of another the checksums of its smallest file,
/// which mostly tells them apart: the index of variables has the checksums of all of them.
final class ContentNumbers: Sendable {
    /// What is in a folder, as of a look at it.
    struct Content {
        var number: UInt64
        var stamp: FolderStamp
        /// Whether another folder was found to have the same in it.
        var hasTwin: Bool
    }

    typealias Digest = @Sendable (_ file: String) -> SHA256Digest?

    private struct State {
        var groups: [[String: Int64]: Group] = [:]
        var known: [String: (stamp: FolderStamp, kind: Kind)] = [:]
        var lastNumber: UInt64 = 0
    }

    /// More folders are not remembered at a time.
    private static let maximumCount = 20_000

    private let state = Mutex(State())
    private let digest: Digest

    /// - Parameter digest: the checksum of a file; `nil` where it cannot be read.
    init(digest: @escaping Digest) { self.digest = digest }

    /// A number that nothing else has.
    func next() -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    /// Looks at the folder, and reads as much as it takes to tell it from others. Blocks.
    ///
    /// - Returns: `nil` for one that cannot be read, or that changes meanwhile.
    func content(of path: String) -> Content? {
        guard let stamp = FolderStamp(of: path) else { return nil }
        let known = state.withLock { $0.known[path] }
        if let known, stamp.isContinued(from: known.stamp) {
            return Content(number: known.kind.number, stamp: stamp, hasTwin: known.kind.hasTwin)
        }
        let group = group(of: stamp.layout)
        let files = Files(path: path, stamp: stamp, digest: digest)
        guard let kind = group.kind(of: files, makeNumber: next) else { return nil }
        state.withLock { $0.known[path] = (stamp, kind) }
        return Content(number: kind.number, stamp: stamp, hasTwin: kind.hasTwin)
    }

    /// Whether the folder is as it was at that look.
    func isUnchanged(_ path: String, since stamp: FolderStamp) -> Bool {
        FolderStamp(of: path).map { $0.isContinued(from: stamp) } ?? false
    }

    private func group(of layout: [String: Int64]) -> Group {
        state.withLock { state in
            // What is forgotten gets other numbers: it is loaded once more, at worst.
            if state.known.count >= Self.maximumCount { (state.known, state.groups) = ([:], [:]) }
            if let group = state.groups[layout] { return group }
            let group = Group()
            state.groups[layout] = group
            return group
        }
    }
}

extension ContentNumbers {
    /// A folder that is compared with others.
    private struct Files {
        let path: String
        let stamp: FolderStamp
        let digest: Digest

        /// Smallest first: most differences are found in them.
        var names: [String] {
            stamp.files.sorted { ($0.value.byteCount, $0.key) < ($1.value.byteCount, $1.key) }.map(\.key)
        }

        /// `nil` where the file cannot be read, or is no longer what it was.
        func digest(of name: String) -> SHA256Digest? {
            guard isIntact, let digest = digest("\(path)/\(name)"), isIntact else { return nil }
            return digest
        }

        private var isIntact: Bool { FolderStamp(of: path).map { $0.isContinued(from: stamp) } ?? false }
    }

    /// Folders with the same in them.
    private final class Kind: Sendable {
        let number: UInt64
        private struct State {
            var digests: [String: SHA256Digest] = [:]
            /// Some of them, the last that were found.
            var folders: [Files]
            var hasTwin = false
        }

        /// What is to be compared with is found in any of them; of thousands a few will do.
        private static let maximumFolders = 8

        private let state: Mutex<State>

        init(number: UInt64, _ first: Files, _ digests: [String: SHA256Digest]) {
            self.number = number
            state = Mutex(State(digests: digests, folders: [first]))
        }

        /// Whether two folders ever were of this kind.
        var hasTwin: Bool { state.withLock { $0.hasTwin } }

        func add(_ files: Files) {
            state.withLock { state in
                state.folders.removeAll { $0.path == files.path }
                if !state.folders.isEmpty { state.hasTwin = true }
                if state.folders.count >= Self.maximumFolders { state.folders.removeFirst() }
                state.folders.append(files)
            }
        }

        /// - Returns: whether nothing is left of it.
        func remove(_ path: String) -> Bool {
            state.withLock { state in
                state.folders.removeAll { $0.path == path }
                return state.folders.isEmpty
            }
        }

        func holds(_ stamp: FolderStamp) -> Bool {
            state.withLock { $0.folders.contains { stamp.isContinued(from: $0.stamp) } }
        }

        /// `nil` where no folder is left as it was.
        func digest(of name: String) -> SHA256Digest? {
            let (known, folders) = state.withLock { ($0.digests[name], $0.folders) }
            if let known { return known }
            for folder in folders {
                guard let digest = folder.digest(of: name) else { continue }
                state.withLock { $0.digests[name] = digest }
                return digest
            }
            return nil
        }
    }

    /// Folders of which the files have the same names and sizes. Those who look for a kind wait for each other, as they
    /// would read the same files.
    private final class Group: Sendable {
        private let kinds = Mutex<[Kind]>([])

        /// - Returns: `nil` for files that change meanwhile.
        func kind(of files: Files, makeNumber: () -> UInt64) -> Kind? {
            kinds.withLock { kinds in
                kinds.removeAll { !$0.holds(files.stamp) && $0.remove(files.path) }
                var kind = kinds.first { $0.holds(files.stamp) }
                var digests: [String: SHA256Digest] = [:]
                var candidates = kind == nil ? kinds[...] : []
                for name in files.names where !candidates.isEmpty {
                    guard let digest = files.digest(of: name) else { return nil }
                    digests[name] = digest
                    candidates = candidates.filter { $0.digest(of: name) == digest }[...]
                }
                kind = kind ?? candidates.first
                if let kind {
                    kind.add(files)
                    return kind
                }
                let new = Kind(number: makeNumber(), files, digests)
                kinds.append(new)
                return new
            }
        }
    }
}
