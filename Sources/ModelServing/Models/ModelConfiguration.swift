import Inference
import Logging
import ModelSources
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives

/// The models the server is told to serve, and the one way to change them: the start, the file and the call all come
/// through here, one after the other. A change that waits for its models to load holds up no later one.
actor ModelConfiguration: ModelControl {
    private let manager: ServableManager
    private let source: FileSystemSource
    private let health: ServingHealth
    private let metrics: MetricRegistry
    private let allowsLabelsForUnavailableVersions: Bool
    private let logger: Logger
    private let waiting = ArrivalsWaiting()
    private var current = ModelTransition.Current()

    init(
        manager: ServableManager,
        source: FileSystemSource,
        health: ServingHealth,
        metrics: MetricRegistry,
        allowsLabelsForUnavailableVersions: Bool,
        logger: Logger
    ) {
        self.manager = manager
        self.source = source
        self.health = health
        self.metrics = metrics
        self.allowsLabelsForUnavailableVersions = allowsLabelsForUnavailableVersions
        self.logger = logger
        manager.observe { [waiting] id, status in waiting.record(id, status) }
    }

    /// What the server is started with. Waits for nothing; labels are valid at once, and lead to their versions when these
    /// are available.
    ///
    /// - Throws: what is wrong with it.
    func start(with requested: RequestedModels) throws(ServingError) {
        _ = try apply(requested, rules(isStart: true))
    }

    /// Replaces the models, and waits for none.
    ///
    /// - Throws: as `reload`, less what it waits for.
    func replace(with requested: RequestedModels) throws(ServingError) {
        let transition = try apply(requested, rules())
        if let error = transition.error { throw error }
    }

    func reload(
        _ requested: RequestedModels,
        metrics names: [String]
    ) async throws(ServingError) -> [(name: String, increase: Int64)] {
        do throws(ServingError) {
            let metrics = MetricIncrease(of: names, in: metrics)
            try await reload(requested)
            return metrics.values()
        } catch {
            logger.error("ReloadConfig failed: \(error.message)")
            throw error
        }
    }

    private func reload(_ requested: RequestedModels) async throws(ServingError) {
        var wait: ArrivalsWaiting.ID?
        let transition = try apply(requested, rules()) { added in wait = listen(for: added) }
        if let wait {
            await source.caughtUp()
            guard let arrivals = await waiting.wait(wait) else {
                throw ServingError(.cancelled, "The caller no longer waits for the new models")
            }
            if let error = arrivals.error { throw error }
        }
        if let error = transition.error { throw error }
    }

    /// - Parameter willChange: called with the names of new models when the set of models changes, before it does.
    private func apply(
        _ requested: RequestedModels,
        _ rules: ModelTransition.Rules,
        willChange: ([String]) -> Void = { _ in }
    ) throws(ServingError) -> ModelTransition {
        let before = current.models
        let transition = try ModelTransition(from: current, to: requested, rules: rules) { [manager] id in
            manager.status(of: id.name).first { $0.version == id.version }?.state
        }
        current = transition.next
        manager.replaceLabels(current.labels)
        guard current.models != before else { return transition }
        log(before)
        willChange(transition.added)
        health.setRequiredModels(current.models.map(\.name))
        waiting.giveUp(Set(before.map(\.name)).subtracting(current.models.map(\.name)))
        source.setModels(current.models.map { MonitoredModel($0) })
        return transition
    }

    private func rules(isStart: Bool = false) -> ModelTransition.Rules {
        .init(allowsLabelsForUnavailableVersions: allowsLabelsForUnavailableVersions, isStart: isStart)
    }

    /// Listens from now on. Of what happened before, only what is still going on counts: a version that is being loaded or
    /// serves.
    private func listen(for models: [String]) -> ArrivalsWaiting.ID {
        let wait = waiting.begin(models)
        for model in models {
            for status in manager.status(of: model) where status.state != .end {
                waiting.record(ServableID(name: model, version: status.version), status)
            }
        }
        return wait
    }

    private func log(_ before: [ServerConfiguration.Model]) {
        let (old, new) = (Set(before.map(\.name)), Set(current.models.map(\.name)))
        func list(_ names: Set<String>) -> Logger.MetadataValue { .array(names.sorted().map { .string($0) }) }
        logger.info(
            "The configured models have changed",
            metadata: ["added": list(new.subtracting(old)), "removed": list(old.subtracting(new))]
        )
    }
}
