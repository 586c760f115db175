import Cluster
import Logging
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file in which what is known of a deployment is kept for the next start. Written soon after a change, by a thread made
/// for it. That it cannot be written is told once and keeps nothing from working.
final class RememberedNodesFile: Sendable {
    private struct State {
        var waiting: MirroredNodes?
        var hasComplained = false
    }

    private static let pauseNanoseconds: UInt64 = 500_000_000

    private let path: String
    private let logger: Logger
    private let state = Mutex(State())

    init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    /// With its age; `nil` where there is none, or what is there is of no use.
    func read() -> (nodes: MirroredNodes, ageNanoseconds: UInt64)? {
        guard let bytes = try? LocalFile.contents(of: path, limit: NodeFile.maximumLength), !bytes.isEmpty else {
            return nil
        }
        do throws(ServingError) {
            let found = try RememberedNodes(bytes, file: path)
            // A clock that was set back makes it new.
            let (age, overflow) = Int64(time(nil)).subtractingReportingOverflow(found.time)
            return (found.nodes, overflow ? 0 : UInt64(min(max(age, 0), 1 << 33)) * 1_000_000_000)
        } catch {
            logger.warning(
                "What was known of the deployment cannot be read, and will be written anew",
                metadata: ["error": "\(error)"]
            )
            return nil
        }
    }

    /// Writes soon what was last given.
    func changed(_ nodes: MirroredNodes) {
        let isFirst = state.withLock { state in
            defer { state.waiting = nodes }
            return state.waiting == nil
        }
        guard isFirst else { return }
        TimerThread.shared.schedule(afterNanoseconds: Self.pauseNanoseconds) {
            try? startThreadIfPossible(named: "deployment") { self.write() }
        }
    }

    /// Writes now what was to be written soon. Blocks.
    func write() {
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
        guard let waiting else { return }
        do throws(ServingError) {
            try UsersFolder.makeFile(at: path)
            try AtomicFile.replace(path, with: RememberedNodes(waiting, time: Int64(time(nil))).text)
        } catch {
            let isFirst = state.withLock { state in
                defer { state.hasComplained = true }
                return !state.hasComplained
            }
            guard isFirst else { return }
            logger.warning(
                "What is known of the deployment cannot be kept for the next start",
                metadata: ["file": "\(path)", "error": "\(error)"]
            )
        }
    }
}
