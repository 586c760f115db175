import Cluster
import Logging
import RemoteRouting
import ServingPrimitives
import Synchronization

/// The routes in force, and how the replicas on them do. Whoever knows the routes sets them: a file, or a discovery
/// service. Those that were set last stay in force until there are others.
final class RemoteRoutes: Sendable {
    private let groups = Mutex<[String: ReplicaGroup]>([:])
    private let rules: EjectionRules
    private let logger: Logger

    init(rules: EjectionRules, logger: Logger) {
        self.rules = rules
        self.logger = logger
    }

    /// Takes another table; what is known of replicas that stay is kept.
    func set(_ table: RoutesTable) {
        groups.withLock { groups in
            groups = Dictionary(
                uniqueKeysWithValues: table.replicas.map { name, addresses in
                    var group = groups[name] ?? ReplicaGroup([], rules: rules)
                    group.setAddresses(addresses)
                    return (name, group)
                }
            )
        }
    }

    /// The first of the names that there are routes for.
    func first(of names: [String]) -> String? { groups.withLock { groups in names.first { groups[$0] != nil } } }

    /// The replica that is asked next; the request counts as begun.
    func choose(_ name: String, except tried: [ReplicaAddress]) -> ReplicaGroup.Choice? {
        groups.withLock { groups in
            var random = SystemRandomNumberGenerator()
            guard let choice = groups[name]?.choose(except: tried, using: &random) else { return nil }
            groups[name]?.began(choice)
            return choice
        }
    }

    /// An ejected replica that a copy of the request may try; that one counts as begun.
    func probe(_ name: String, besides address: ReplicaAddress) -> ReplicaGroup.Choice? {
        groups.withLock { groups in
            guard let choice = groups[name]?.probe(besides: address, at: .now()) else { return nil }
            groups[name]?.began(choice)
            return choice
        }
    }

    /// - Returns: whether the connection to the replica is better not used again.
    func ended(_ name: String, _ choice: ReplicaGroup.Choice, _ ending: ReplicaGroup.Ending) -> Bool {
        let (isEjected, isBack) = groups.withLock { groups in
            let wasGood = groups[name]?.isGood(choice.address) ?? true
            let isEjected = groups[name]?.ended(choice, ending, at: .now()) ?? false
            return (isEjected, !wasGood && groups[name]?.isGood(choice.address) == true)
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
        let groups = groups.withLock { $0 }
        return groups.sorted { $0.key < $1.key }.flatMap { name, group in group.replicas.map { (name, $0) } }
    }
}

extension ReplicaGroup {
    fileprivate func isGood(_ address: ReplicaAddress) -> Bool {
        replicas.first { $0.address == address }?.health.isGood ?? true
    }
}
