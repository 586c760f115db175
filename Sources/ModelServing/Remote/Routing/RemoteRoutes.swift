import Cluster
import Inference
import Logging
import RemoteRouting
import ServingPrimitives
import Synchronization

/// The routes in force, and how the replicas on them do. Whoever knows the routes sets them: a file, or a discovery
/// service. Those that were set last stay in force until there are others.
final class RemoteRoutes: Sendable {
    private struct State: Sendable {
        var groups: [String: ReplicaGroup] = [:]
        var trouble: ServingError?
        var changes = 0
    }

    private let state = Mutex(State())
    private let rules: EjectionRules
    private let logger: Logger

    init(rules: EjectionRules, logger: Logger) {
        self.rules = rules
        self.logger = logger
    }

    /// Takes another table; what is known of replicas that stay is kept.
    ///
    /// - Parameter trouble: why there is perhaps a newer one, which cannot be read at the moment.
    func set(_ table: RoutesTable, trouble: ServingError? = nil) {
        state.withLock { state in
            state.groups = Dictionary(
                uniqueKeysWithValues: table.replicas.map { name, addresses in
                    var group = state.groups[name] ?? ReplicaGroup([], rules: rules)
                    group.setAddresses(addresses)
                    return (name, group)
                }
            )
            state.trouble = trouble
            state.changes += 1
        }
    }

    /// Says why there is no newer table: those routes that are in force stay, until another one is set.
    func setTrouble(_ error: ServingError) {
        state.withLock { state in
            guard state.trouble != error else { return }
            state.trouble = error
            state.changes += 1
        }
    }

    /// The first of the names that there are routes for.
    func first(of names: [String]) -> String? {
        state.withLock { state in names.first { state.groups[$0] != nil } }
    }

    /// The replica that is asked next; the request counts as begun.
    func choose(_ name: String, except tried: [ReplicaAddress]) -> ReplicaGroup.Choice? {
        state.withLock { state in
            var random = SystemRandomNumberGenerator()
            guard let choice = state.groups[name]?.choose(except: tried, using: &random) else { return nil }
            state.groups[name]?.began(choice)
            return choice
        }
    }

    /// An ejected replica that a copy of the request may try; that one counts as begun.
    func probe(_ name: String, besides address: ReplicaAddress) -> ReplicaGroup.Choice? {
        state.withLock { state in
            guard let choice = state.groups[name]?.probe(besides: address, at: .now()) else { return nil }
            state.groups[name]?.began(choice)
            state.changes += 1
            return choice
        }
    }

    /// - Returns: whether the connection to the replica is better not used again.
    func ended(_ name: String, _ choice: ReplicaGroup.Choice, _ ending: ReplicaGroup.Ending) -> Bool {
        let (isEjected, isBack) = state.withLock { state in
            let before = state.groups[name]?.phase(of: choice.address)
            let isEjected = state.groups[name]?.ended(choice, ending, at: .now()) ?? false
            let after = state.groups[name]?.phase(of: choice.address)
            if before.map(RemoteRoutesReport.State.init) != after.map(RemoteRoutesReport.State.init) {
                state.changes += 1
            }
            return (isEjected, before?.isGood == false && after?.isGood == true)
        }
        if isEjected {
            logger.warning("A replica is left alone", metadata: ["model": "\(name)", "replica": "\(choice.address)"])
        }
        if isBack {
            logger.notice("A replica answers again", metadata: ["model": "\(name)", "replica": "\(choice.address)"])
        }
        return isEjected || choice.isProbe && ending == .failed
    }

    /// Of all names, for metrics and status.
    var replicas: [(name: String, replica: Replica)] {
        groups.flatMap { name, group in group.replicas.map { (name, $0) } }
    }

    /// Sorted by name.
    private var groups: [(key: String, value: ReplicaGroup)] {
        let groups = state.withLock { $0.groups }
        return groups.sorted { $0.key < $1.key }
    }
}

extension RemoteRoutes: RemoteRoutesReporting {
    var changeCount: Int { state.withLock { $0.changes } }

    func report() -> RemoteRoutesReport {
        let routes = groups.map { name, group in
            RemoteRoutesReport.Route(
                model: name,
                replicas: group.replicas.map { replica in
                    RemoteRoutesReport.Replica(
                        address: replica.address.description,
                        state: .init(replica.health.phase),
                        outstanding: replica.outstanding,
                        requests: replica.counts.requests,
                        failures: replica.counts.failures,
                        ejections: replica.counts.ejections
                    )
                }
            )
        }
        return RemoteRoutesReport(routes: routes, trouble: state.withLock { $0.trouble })
    }
}

extension RemoteRoutesReport.State {
    fileprivate init(_ phase: ReplicaHealth.Phase) {
        switch phase {
        case .good: self = .good
        case .ejected: self = .leftAlone
        case .probing: self = .tried
        }
    }
}

extension ReplicaGroup {
    fileprivate func phase(of address: ReplicaAddress) -> ReplicaHealth.Phase? {
        replicas.first { $0.address == address }?.health.phase
    }
}

extension ReplicaHealth.Phase {
    fileprivate var isGood: Bool { if case .good = self { true } else { false } }
}
