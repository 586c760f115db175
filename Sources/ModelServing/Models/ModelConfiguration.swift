import Inference
import Logging
import ModelSources
import RequestLogging
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives

/// The models the server is told to serve, and the one way to change them: the start, the file and the calls all come
/// through here, one after the other. A change that waits for its models to load holds up no later one.
///
/// There is one desired set, and what was asked for last holds. The file counts as asking again at every reading, as in
/// TensorFlow Serving, but for this: after a call for one model, or one whose outcome was written into the file, it
/// counts only when it has changed. Else the next reading would take back what the call did.
actor ModelConfiguration: ModelControl {
    let manager: ServableManager
    let source: FileSystemSource
    private let health: ServingHealth
    private let metrics: MetricRegistry
    private let requestLogs: RequestLogs
    /// `nil` where models are left where their graphs say.
    let placement: (any ModelPlacement)?
    private let modelsChanged: @Sendable ([ServerConfiguration.Model]) -> Void
    private let stores: ServerConfiguration.Stores
    /// Base paths are looked for here.
    let fileSystem: any FileSystem
    private let allowsLabelsForUnavailableVersions: Bool
    let file: ModelConfigurationFile?
    private let writesBack: Bool
    let logger: Logger
    let waiting = ArrivalsWaiting()
    private(set) var current = ModelTransition.Current()
    var catalogue: ModelCatalogue
    /// Models that were found in the repository, and those of them that a call has unloaded.
    private var found: Set<String> = []
    private var withheld: Set<String> = []
    /// How often each model was asked for by name: has its base path looked at again.
    var turns: [String: Int] = [:]
    /// What the file asked for when it was last read or written.
    private var fileSays: RequestedModels?
    /// What is served was changed by a call since, and the file as it was does not take that back.
    private var outranksFile = false
    private var lastWrite: Task<Result<Void, ServingError>, Never>?

    /// - Parameter modelsChanged: takes the models that are served from now on, before any of their versions is looked for.
    init(
        manager: ServableManager,
        source: FileSystemSource,
        health: ServingHealth,
        metrics: MetricRegistry,
        requestLogs: RequestLogs,
        stores: ServerConfiguration.Stores = .init(),
        fileSystem: any FileSystem = LocalFileSystem(),
        allowsLabelsForUnavailableVersions: Bool,
        file: ModelConfigurationFile? = nil,
        writesBack: Bool = false,
        repository: String? = nil,
        placement: (any ModelPlacement)? = nil,
        modelsChanged: @escaping @Sendable ([ServerConfiguration.Model]) -> Void = { _ in },
        logger: Logger
    ) {
        self.manager = manager
        self.source = source
        self.health = health
        self.metrics = metrics
        self.requestLogs = requestLogs
        self.placement = placement
        self.modelsChanged = modelsChanged
        self.stores = stores
        self.fileSystem = fileSystem
        self.allowsLabelsForUnavailableVersions = allowsLabelsForUnavailableVersions
        self.file = file
        self.writesBack = writesBack
        self.catalogue = ModelCatalogue(repository: repository)
        self.logger = logger
        manager.observe { [waiting] id, status in waiting.record(id, status) }
    }

    /// What the server is started with. Waits for nothing; labels are valid at once, and lead to their versions when these
    /// are available.
    ///
    /// - Throws: what is wrong with it.
    func start(with requested: RequestedModels) throws(ServingError) {
        if file != nil { fileSays = requested }
        _ = try apply(requested, rules(isStart: true))
    }

    /// Replaces the models with those of the file that was just read, and waits for none.
    ///
    /// - Throws: as `reload`, less what it waits for.
    func replace(with requested: RequestedModels) throws(ServingError) {
        let isAsBefore = requested == fileSays
        fileSays = requested
        if outranksFile, isAsBefore { return }
        outranksFile = false
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
            outranksFile = writesBack
            try await writeBack()
            return metrics.values()
        } catch {
            logger.error("ReloadConfig failed: \(error.message)")
            throw error
        }
    }

    func reload(_ requested: RequestedModels) async throws(ServingError) {
        var wait: ArrivalsWaiting.ID?
        let transition = try apply(requested, rules()) { wait = listen(for: $0.added, versions: $0.awaited) }
        if let wait {
            await source.caughtUp()
            guard let arrivals = await waiting.wait(wait) else {
                throw ServingError(.cancelled, "The caller no longer waits for the new models")
            }
            if let error = arrivals.error { throw error }
            // Labels have moved: the versions they came from may go.
            if !transition.awaited.isEmpty, current.remembered == requested { _ = try apply(requested, rules()) }
        }
        if let error = transition.error { throw error }
    }

    /// Serves what a look found in the repository, less what calls have unloaded; models that were named otherwise stay.
    ///
    /// - Throws: what is wrong with it; the models stay as they are then.
    func discovered(_ names: [String], in folder: String) throws(ServingError) {
        let now = Set(names)
        withheld.formIntersection(now)
        guard now != found else { return }
        let before = Dictionary(current.models.map { ($0.name, $0) }) { first, _ in first }
        var models = current.models.filter { !found.contains($0.name) && !now.contains($0.name) }
        for name in names where !withheld.contains(name) {
            models.append(before[name] ?? ServerConfiguration.Model(name: name, basePath: "\(folder)/\(name)"))
        }
        let transition = try apply(.list(models), rules())
        found = now
        if let error = transition.error { throw error }
    }

    /// A call has unloaded a model of the repository, or loads it again.
    func withhold(_ name: String, _ isWithheld: Bool) {
        if isWithheld, found.contains(name) { withheld.insert(name) } else { withheld.remove(name) }
    }

    /// Notes what the file says, as of a reading that a call asked for: it is as good as the call's own wish.
    func tookOver(_ requested: RequestedModels) {
        fileSays = requested
        outranksFile = false
    }

    /// Replaces the models as a call for one model wants it.
    func applyControlled(
        _ models: [ServerConfiguration.Model],
        checkingLabelsOf name: String
    ) throws(ServingError) {
        var rules = rules()
        rules.checksLabelsOnlyOf = name
        // As at the start of the server: no version of a model that comes now can be available yet.
        if !current.models.contains(where: { $0.name == name }) { rules.allowsLabelsForUnavailableVersions = true }
        let transition = try apply(.list(models), rules)
        outranksFile = true
        if let error = transition.error { throw error }
    }

    /// - Parameter willChange: called with the transition before models change, or when there are versions to wait for.
    private func apply(
        _ requested: RequestedModels,
        _ rules: ModelTransition.Rules,
        willChange: (ModelTransition) -> Void = { _ in }
    ) throws(ServingError) -> ModelTransition {
        let (before, labelsBefore) = (current.models, current.labelsBefore)
        let transition = try ModelTransition(from: current, to: requested, rules: rules) { [manager] id in
            manager.status(of: id.name).first { $0.version == id.version }?.stateForLabels
        }
        current = transition.next
        manager.replaceLabels(current.labels, before: current.labelsBefore)
        catalogue.remember(current.models)
        guard current.models != before else {
            if !transition.awaited.isEmpty { willChange(transition) }
            if current.labelsBefore != labelsBefore { updateSource() }
            return transition
        }
        log(before)
        requestLogs.configure(current.models)
        modelsChanged(current.models)
        willChange(transition)
        health.setRequiredModels(current.models.map(\.name))
        waiting.giveUp(Set(before.map(\.name)).subtracting(current.models.map(\.name)))
        waiting.giveUpVersions { [current] in current.asks(for: $0) }
        updateSource()
        return transition
    }

    /// Has all versions of these models end and come back, as far as they are configured.
    func renew(_ names: Set<String>) async {
        updateSource(without: names)
        await source.caughtUp()
        updateSource()
    }

    /// Has the source look after the current models.
    func updateSource(without absent: Set<String> = []) {
        source.setModels(
            current.models.filter { !absent.contains($0.name) }.map { model in
                // Where a label still leads is served until it has moved.
                let kept = (current.labelsBefore[model.name] ?? [:]).values
                var monitored = MonitoredModel(model, stores, keeping: Set(kept))
                monitored.turn = turns[model.name] ?? 0
                return monitored
            }
        )
    }

    private func rules(isStart: Bool = false) -> ModelTransition.Rules {
        .init(allowsLabelsForUnavailableVersions: allowsLabelsForUnavailableVersions, isStart: isStart)
    }

    /// Listens from now on. Of what happened before, only what is still going on counts: a version that is being loaded or
    /// serves.
    func listen(for models: [String], versions: Set<ServableID> = []) -> ArrivalsWaiting.ID {
        let wait = waiting.begin(models, versions)
        for model in Set(models).union(versions.map(\.name)) {
            for status in manager.status(of: model) where status.state != .end {
                waiting.record(ServableID(name: model, version: status.version), status)
            }
        }
        return wait
    }

    /// Writes what is desired now into the configuration file, if that is wanted. Changes that come meanwhile are written
    /// after it, one after the other.
    ///
    /// - Throws: why it could not be written. What was asked for is in effect all the same.
    func writeBack() async throws(ServingError) {
        guard writesBack, let file else { return }
        let models = current.models
        let write = Task { [lastWrite] in
            _ = await lastWrite?.value
            return await onOwnThread(named: "config") {
                Result { () throws(ServingError) in try file.replace(with: models) }
            } ?? .failure(.unavailable("no thread could be made to write \(file.path)"))
        }
        lastWrite = write
        do throws(ServingError) {
            try await write.value.get()
        } catch {
            logger.error("The configuration file could not be written", metadata: ["error": "\(error)"])
            throw ServingError(
                error.code,
                "The change is in effect, but not in the configuration file: \(error.message)"
            )
        }
        fileSays = .list(models)
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

extension VersionStatus {
    /// A version at rest may have labels as one in memory.
    fileprivate var stateForLabels: ServableState { isAtRest && error == nil ? .available : state }
}
