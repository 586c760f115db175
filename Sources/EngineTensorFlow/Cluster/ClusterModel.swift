package import EngineInterface
package import ServingPrimitives
package import Tensors

/// A model whose session is on a cluster, and the next session when that one is lost: its workers may end and come back.
///
/// A thread of its own looks whether the cluster is there, and makes the sessions. Requests in between wait, or are refused with
/// when to come again; they hold no thread.
package final class ClusterModel: RecoveringModel {
    /// Where the sessions come from.
    package struct Link: Sendable {
        /// What error texts call the model.
        var model: String
        var target: String
        /// Whether there is somebody at all; blocks for a second at most.
        var isReachable: @Sendable () -> Bool
        var open: @Sendable () throws(ServingError) -> any LoadedModel
        var observer: @Sendable (ServingError?) -> Void

        package init(
            model: String,
            target: String,
            isReachable: @escaping @Sendable () -> Bool,
            open: @escaping @Sendable () throws(ServingError) -> any LoadedModel,
            observer: @escaping @Sendable (ServingError?) -> Void
        ) {
            self.model = model
            self.target = target
            self.isReachable = isReachable
            self.open = open
            self.observer = observer
        }
    }

    package let signatures: [Signature]
    private let link: Link
    private let state: ClusterState
    /// How long the end of a model waits for its cluster to hear of it.
    private static let closingNanoseconds: UInt64 = 5_000_000_000

    /// - Throws: `UNAVAILABLE` when there is nobody; else why no session can be made.
    package init(_ link: Link) throws(ServingError) {
        self.link = link
        let session = ClusterSession(try Self.open(link))
        signatures = session.model.signatures
        state = ClusterState(session)
        try startThreadIfPossible(named: "cluster-session") { [state, link, signatures] in
            ClusterKeeper(link: link, state: state, signatures: signatures).run()
        }
    }

    /// A cluster that is away would keep a thread for as long as a step may take.
    static func open(_ link: Link) throws(ServingError) -> any LoadedModel {
        guard link.isReachable() else {
            throw .unavailable("Nobody answers at \(link.target), where \(link.model) is to run")
        }
        return try link.open()
    }

    package func run(_ request: RunRequest) throws(ServingError) -> [Tensor] {
        try withSession { (session) throws(ServingError) in try session.run(request) }
    }

    package func runJointly(_ parts: [RunRequest]) throws(ServingError) -> [Tensor] {
        try withSession { (session) throws(ServingError) in try session.runJointly(parts) }
    }

    private func withSession(
        _ body: (any LoadedModel) throws(ServingError) -> [Tensor]
    ) throws(ServingError) -> [Tensor] {
        let session: ClusterSession
        switch state.phase {
        case .up(let current): session = current
        case .down(let error, let until): throw ClusterState.refusal(error, until: until)
        case .closed: throw unloaded
        }
        do throws(ServingError) {
            return try body(session.model)
        } catch {
            throw failure(error, of: session)
        }
    }

    /// What a caller is told of a run that failed.
    private func failure(_ error: ServingError, of session: ClusterSession) -> ServingError {
        switch error.code {
        case .aborted, .unavailable:
            // A worker has ended, or one that was started again does not know the session.
            state.lose(session, Self.lost(link, error.message))
        case .cancelled where !state.isCurrent(session):
            break
        case .deadlineExceeded:
            // A master that is gone is told from a slow model by looking.
            state.suspect()
            return error
        default: return error
        }
        guard case .down(let reason, let until) = state.phase else { return Self.lost(link, error.message) }
        return ClusterState.refusal(reason, until: until)
    }

    static func lost(_ link: Link, _ reason: String) -> ServingError {
        ServingError(
            .unavailable,
            "The session of \(link.model) on \(link.target) was lost and is made again: \(oneLine(reason))",
            retryAfterNanoseconds: RestartDelay.first
        )
    }

    /// TensorFlow tells of each worker in lines of their own; of many the first will do.
    static func oneLine(_ text: String) -> String {
        let lines = text.split(separator: "\n").filter { line in !line.allSatisfy { $0 == "=" } }
        let joined = lines.joined(separator: " ")
        return joined.count > longestReason ? "\(joined.prefix(longestReason))..." : joined
    }

    private static let longestReason = 300

    private var unloaded: ServingError { .unavailable("\(link.model) was unloaded") }

    package var absence: ServingError? {
        switch state.phase {
        case .up: nil
        case .down(let error, let until): ClusterState.refusal(error, until: until)
        case .closed: unloaded
        }
    }

    package func whenBack(
        by deadline: Deadline,
        _ completion: @escaping @Sendable (ServingError?) -> Void
    ) -> RecoveryWait? {
        state.wait(by: deadline, closed: unloaded, completion)
    }

    package func close() {
        _ = state.close(unloaded)?.end()?.wait(nanoseconds: Self.closingNanoseconds)
    }

    deinit { close() }
}
