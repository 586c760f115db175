import Cluster
import Logging
import Synchronization

/// What the log says of a deployment: each thing once, until it is otherwise.
final class AgentLog: Sendable {
    enum Matter: Hashable {
        case folder, models, routes, store
    }

    private struct State {
        var problems: [Matter: String] = [:]
        var warnings: Set<String> = []
        var isConnected: Bool?
    }

    private let logger: Logger
    private let store: String
    private let state = Mutex(State())

    init(_ logger: Logger, store: String) {
        self.logger = logger
        self.store = store
    }

    /// - Parameter problem: `nil` when there is none any more.
    func problem(_ problem: String?, of matter: Matter) {
        let isNew = state.withLock { state in
            defer { state.problems[matter] = problem }
            return state.problems[matter] != problem
        }
        guard isNew, let problem else { return }
        let what =
            switch matter {
            case .folder: "The folder of the deployment cannot be read; what was there before is served"
            case .models: "The deployment cannot be served as it is; what was served before goes on"
            case .routes: "Some routes to other containers cannot be taken"
            case .store: "The store of the deployment could not be read or written"
            }
        logger.error("\(what)", metadata: ["error": "\(problem)"])
    }

    func warnings(_ warnings: [String]) {
        let new = state.withLock { state in
            defer { state.warnings = Set(warnings) }
            return warnings.filter { !state.warnings.contains($0) }
        }
        for warning in new { logger.warning("Part of the deployment is wrong", metadata: ["problem": "\(warning)"]) }
    }

    /// - Parameter isLate: a store that has not been connected so far is one that is away.
    func status(_ status: ClusterMember.Status, isLate: Bool = false) {
        problem(status.problem.map { "\($0)" }, of: .store)
        var isConnected = false
        if case .connected = status.store { isConnected = true }
        let hasChanged = state.withLock { state in
            guard isConnected || isLate || state.isConnected != nil || status.store.reason != nil else { return false }
            defer { state.isConnected = isConnected }
            return state.isConnected != isConnected
        }
        guard hasChanged else { return }
        var facts: Logger.Metadata = ["store": "\(store)"]
        if let reason = status.store.reason { facts["reason"] = "\(reason)" }
        if isConnected {
            logger.info("The store of the deployment is connected", metadata: facts)
        } else {
            logger.warning(
                "The store of the deployment is away; what was last known of it counts meanwhile",
                metadata: facts
            )
        }
    }
}
