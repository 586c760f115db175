import Logging
import Servables
import ServingPrimitives
import Synchronization

/// The file in which what models cost is kept for the next start. Written some seconds after a change, by a thread made
/// for it; whoever reads it sees the old or the new. That it cannot be written is told once and keeps nothing from working.
final class CostsFile: Sendable {
    private struct State {
        var isWriteDue = false
        var hasComplained = false
    }

    private static let pauseNanoseconds: UInt64 = 2_000_000_000

    private let path: String
    private let logger: Logger
    private let state = Mutex(State())

    init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    /// Where it is when nobody says so; `nil` where the process has no home.
    static var usualPath: String? {
        UsersFolder.state.map { "\($0)/model-costs" }
    }

    func read() -> RememberedCosts {
        guard let bytes = try? LocalFile.contents(of: path, limit: RememberedCosts.longestFile) else {
            return RememberedCosts()
        }
        guard let costs = RememberedCosts(bytes) else {
            if !bytes.isEmpty {
                logger.warning(
                    "The file of model costs is none; it will be written anew",
                    metadata: ["file": "\(path)"]
                )
            }
            return RememberedCosts()
        }
        return costs
    }

    /// Writes soon what `costs` gives then.
    func changed(_ costs: @escaping @Sendable () -> RememberedCosts) {
        let isFirst = state.withLock { state in
            defer { state.isWriteDue = true }
            return !state.isWriteDue
        }
        guard isFirst else { return }
        TimerThread.shared.schedule(afterNanoseconds: Self.pauseNanoseconds) {
            // One that is refused a thread tries again with the next change.
            try? startThreadIfPossible(named: "costs") { self.writeIfDue(costs()) }
        }
    }

    /// Writes now what was to be written soon.
    func writeIfDue(_ costs: RememberedCosts) {
        let isDue = state.withLock { state in
            defer { state.isWriteDue = false }
            return state.isWriteDue
        }
        guard isDue else { return }
        do throws(ServingError) {
            var costs = costs
            costs.add(read())
            try UsersFolder.makeFile(at: path)
            try AtomicFile.replace(path, with: costs.text)
        } catch {
            let isFirst = state.withLock { state in
                defer { state.hasComplained = true }
                return !state.hasComplained
            }
            guard isFirst else { return }
            logger.warning(
                "What models cost cannot be remembered for the next start",
                metadata: ["file": "\(path)", "error": "\(error)"]
            )
        }
    }
}
