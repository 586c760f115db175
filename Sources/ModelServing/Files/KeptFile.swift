import Logging
import ServingPrimitives
import Synchronization

/// A file in which something is kept for the next start. Written some time after a change, by a thread made for it; whoever
/// reads it sees the old or the new. That it cannot be written is told once and keeps nothing from working.
final class KeptFile: Sendable {
    /// What is to be in the file, asked for when it is written. Blocks.
    typealias Content = @Sendable () throws(ServingError) -> [UInt8]

    private struct State {
        /// `nil` while the file is up to date.
        var due: Content?
        var hasComplained = false
    }

    let path: String
    private let pauseNanoseconds: UInt64
    private let threadName: String
    private let complaint: Logger.Message
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - pauseNanoseconds: from a change to the writing; what changes meanwhile is written with it.
    ///   - complaint: said in the log when it cannot be written.
    init(path: String, pauseNanoseconds: UInt64, threadName: String, complaint: Logger.Message, logger: Logger) {
        self.path = path
        self.pauseNanoseconds = pauseNanoseconds
        self.threadName = threadName
        self.complaint = complaint
        self.logger = logger
    }

    /// Writes soon what was last given.
    func changed(_ content: @escaping Content) {
        let isFirst = state.withLock { state in
            defer { state.due = content }
            return state.due == nil
        }
        guard isFirst else { return }
        TimerThread.shared.schedule(afterNanoseconds: pauseNanoseconds) {
            // Where no thread is to be had it is written at the end.
            try? startThreadIfPossible(named: self.threadName) { self.writeIfDue() }
        }
    }

    /// Writes now what was to be written soon. Blocks.
    func writeIfDue() {
        let due = state.withLock { state in
            defer { state.due = nil }
            return state.due
        }
        guard let due else { return }
        do throws(ServingError) {
            let content = try due()
            try UsersFolder.makeFile(at: path)
            try AtomicFile.replace(path, with: content)
        } catch {
            let isFirst = state.withLock { state in
                defer { state.hasComplained = true }
                return !state.hasComplained
            }
            if isFirst { logger.warning(complaint, metadata: ["file": "\(path)", "error": "\(error)"]) }
        }
    }
}
