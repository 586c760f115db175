import Batching
import ServingConfig
import ServingPrimitives
import Synchronization

/// Schedulers of groups of models: each has threads of its own, as many as its share, and its models run on no others. So
/// however much is asked of one group, the threads of the others find their cores.
final class SchedulerGroups: Sendable {
    let schedulers: [String: BatchScheduler]
    /// The group of each model that has one.
    private let groups = Mutex<[String: String]>([:])

    /// Starts the threads.
    ///
    /// - Parameter cores: what the process may use.
    /// - Throws: `INVALID_ARGUMENT` for a group that is kept to cores which the process may not use.
    init(_ groups: [ServerConfiguration.CPUGroup], cores: Int) throws(ServingError) {
        let allowed = groups.isEmpty ? [] : ThreadCores.allowed
        for group in groups {
            guard let core = group.cores.first(where: { !allowed.contains($0) }) else { continue }
            throw .invalidArgument(
                "The CPU group \(group.name) is kept to core \(core), which this process may not use; it may use "
                    + allowed.map(String.init).joined(separator: ",")
            )
        }
        var schedulers: [String: BatchScheduler] = [:]
        for group in groups {
            schedulers[group.name] = BatchScheduler(
                threadCount: group.threads(cores: cores),
                name: group.name,
                cores: group.cores,
                keepsToItsThreads: true
            )
        }
        self.schedulers = schedulers
    }

    /// The models that are configured now.
    func configure(_ models: [ServerConfiguration.Model]) {
        let named = models.filter { !$0.cpuGroup.isEmpty }.map { ($0.name, $0.cpuGroup) }
        groups.withLock { $0 = Dictionary(named) { first, _ in first } }
    }

    /// The scheduler of a model's group; `nil` for a model in none.
    ///
    /// - Throws: `INVALID_ARGUMENT` for a group that there is not.
    func scheduler(of model: String) throws(ServingError) -> BatchScheduler? {
        guard let group = groups.withLock({ $0[model] }) else { return nil }
        if let scheduler = schedulers[group] { return scheduler }
        let known = schedulers.keys.sorted().joined(separator: ", ")
        throw .invalidArgument(
            "Model \(model) asks for the CPU group \(group), which this server does not have"
                + (known.isEmpty ? ": it has none" : "; it has \(known)")
        )
    }
}
