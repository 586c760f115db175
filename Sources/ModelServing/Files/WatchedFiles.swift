import Synchronization

/// Files that are to be read again when they have changed.
final class WatchedFiles: Sendable {
    private struct State {
        /// The files as they were when they were last read.
        var read: FileStamps
        /// The files at the last look.
        var seen: FileStamps
    }

    private let paths: [String]
    private let state: Mutex<State>

    /// - Parameter read: the files as they were before they were read for the first time; by default as they are.
    init(_ paths: [String], read: FileStamps? = nil) {
        self.paths = paths
        let stamps = read ?? FileStamps(of: paths)
        state = Mutex(State(read: stamps, seen: stamps))
    }

    /// Whether the files have changed since they were read and did not change since the last look: they are often written
    /// one after the other. They count as read then.
    func haveChanged() -> Bool {
        let stamps = FileStamps(of: paths)
        return state.withLock { state in
            defer { state.seen = stamps }
            guard stamps != state.read, stamps == state.seen else { return false }
            state.read = stamps
            return true
        }
    }

    /// The files are read as they are now.
    func willBeRead() {
        let stamps = FileStamps(of: paths)
        state.withLock { $0 = State(read: stamps, seen: stamps) }
    }
}
