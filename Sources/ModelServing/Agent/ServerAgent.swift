import Cluster
import Inference
import Logging
import RemoteRouting
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import Synchronization

/// A server's part in a deployment: what of it is served here, what others are told of that, and where they are asked.
///
/// Whatever changes (the store, the folder, the state of a version) wakes one task, which brings everything in line with what
/// is known then. What the store has told last counts for as long as it tells nothing else.
final class ServerAgent: Sendable {
    private struct State {
        var clock: StoreClock
        var status = ClusterMember.Status()
        var settling = SettlingCluster()
        var folder: ExportFolder?
        var endpoints: AgentEndpoints?
        var registration: AgentRegistration?
        var served: ServedModels
        var replicas: AgentReplicas
        var isWithdrawn = false
    }

    let settings: AgentSettings
    /// `nil` for a container that is alone.
    private let member: ClusterMember?
    private let manager: ServableManager
    private let models: ModelConfiguration
    private let health: ServingHealth
    private let routes: RemoteRoutes?
    private let remembered: RememberedNodesFile?
    private let log: AgentLog
    private let state: Mutex<State>
    private let (wakeUps, wakeUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Throws: `FAILED_PRECONDITION` when there is no library of ZooKeeper's.
    init(
        _ settings: AgentSettings,
        manager: ServableManager,
        models: ModelConfiguration,
        health: ServingHealth,
        routes: RemoteRoutes?,
        metrics: MetricRegistry,
        logger: Logger
    ) throws(ServingError) {
        self.settings = settings
        self.manager = manager
        self.models = models
        self.health = health
        self.routes = routes
        log = AgentLog(logger, store: "\(settings.store)")
        remembered = settings.stateFile.map { RememberedNodesFile(path: $0, logger: logger) }
        let before = remembered?.read()
        var served = ServedModels()
        if let folder = settings.folder { served = try settings.models(of: folder) }
        let now = MonotonicTime.now()
        state = Mutex(
            State(
                clock: StoreClock(at: now, rememberedNanoseconds: before?.ageNanoseconds),
                folder: settings.folder,
                served: served,
                replicas: AgentReplicas(settings.configuration, routes: [:], states: [:], endpoints: nil)
            )
        )
        let box = MemberEvents()
        if let store = try settings.makeStore(), let scope = settings.scope {
            member = ClusterMember(
                store,
                scope,
                prefersIPv6: settings.host.contains(":"),
                remembered: before?.nodes,
                onRead: { [remembered] nodes in remembered?.changed(nodes) },
                onChange: { box.agent?.take($0) }
            )
        } else {
            member = nil
        }
        box.agent = self
        if settings.folder == nil { health.setAwaited("the layout") }
        if let member {
            state.withLock { state in
                state.status = member.currentStatus
                state.settling = SettlingCluster(state.status.known)
            }
        }
        manager.observe { [weak self] _, _ in self?.wake() }
        metrics.showDeployment { [weak self] in self?.report ?? .none }
    }

    /// What the member calls while it is made.
    private final class MemberEvents: @unchecked Sendable {
        // Sendable: set before the member is started, whose thread reads it.
        weak var agent: ServerAgent?
    }

    private func take(_ status: ClusterMember.Status) {
        let now = MonotonicTime.now()
        state.withLock { state in
            state.status = status
            state.clock.take(status, at: now)
        }
        log.status(status)
        wake()
    }

    private func wake() { wakeUp.yield() }

    // MARK: Life

    /// Says where this server answers; others may know from now on.
    func use(_ endpoints: AgentEndpoints) throws(ServingError) {
        var registration: AgentRegistration?
        if member != nil {
            var layout: String?
            if case .layout(_, let path) = settings.scope { layout = path }
            registration = try AgentRegistration(
                settings.configuration,
                settings.environment,
                endpoints,
                layout: layout
            )
        }
        state.withLock { state in
            state.endpoints = endpoints
            state.registration = registration
        }
    }

    /// Takes part until the task is cancelled.
    func run() async {
        member?.start()
        wake()
        await withTaskGroup { group in
            group.addTask { await self.lookAgain() }
            group.addTask { await self.complainIfAlone() }
            for await _ in wakeUps { await update() }
            group.cancelAll()
        }
    }

    /// Takes what is registered out of the store, and leaves it. Blocks until that is done.
    func withdraw() {
        state.withLock { $0.isWithdrawn = true }
        member?.close()
        remembered?.writeIfDue()
    }

    /// Says in the log when the store is not there from the start.
    private func complainIfAlone() async {
        guard member != nil else { return }
        try? await Task.sleep(for: Self.patience)
        guard !Task.isCancelled else { return }
        log.status(state.withLock { $0.status }, isLate: true)
    }

    private static let patience = Duration.seconds(3)

    /// Looks at the folder again and again: training exports further parts.
    private func lookAgain() async {
        let seconds = settings.configuration.server.fileSystemPollSeconds
        guard settings.folder != nil, seconds > 0 else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(seconds))
            let configuration = settings.configuration
            let folder = await onOwnThread(named: "deployment") {
                Result { () throws(ServingError) in try AgentSettings.folder(configuration) }
            }
            switch folder {
            case .success(let folder):
                log.problem(nil, of: .folder)
                state.withLock { $0.folder = folder }
                wake()
            case .failure(let error): log.problem("\(error)", of: .folder)
            case nil: return
            }
        }
    }

    // MARK: What follows from what is known

    private func update() async {
        let now = MonotonicTime.now()
        let (isWithdrawn, wait) = state.withLock { ($0.isWithdrawn, $0.settling.take($0.status.known, at: now)) }
        guard !isWithdrawn else { return }
        if let wait { TimerThread.shared.schedule(afterNanoseconds: wait) { [weak self] in self?.wake() } }
        await serve()
        tell()
    }

    /// Serves what the layout or the folder says.
    private func serve() async {
        do throws(ServingError) {
            guard let wanted = try wanted() else { return }
            let before = state.withLock { $0.served }
            if wanted.models != before.models || settings.folder == nil && health.awaited != nil {
                try await models.replace(with: .list(wanted.models))
            }
            manager.replaceAliases(wanted.aliases)
            state.withLock { $0.served = wanted }
            health.setAwaited(nil)
            log.problem(nil, of: .models)
            log.warnings(wanted.warnings + state.withLock { $0.status.known.warnings })
        } catch {
            log.problem("\(error)", of: .models)
        }
    }

    /// `nil` while nobody knows.
    private func wanted() throws(ServingError) -> ServedModels? {
        let (known, folder, previous) = state.withLock { ($0.settling.known, $0.folder, $0.served) }
        if let folder { return try settings.models(of: folder).checked(previous: previous) }
        guard let layout = known.layout else { return nil }
        return try settings.models(of: layout, previous: previous).checked(previous: previous)
    }

    /// Tells others what is served here, and whoever asks where others are.
    private func tell() {
        let (served, known, endpoints, registration, trouble) = state.withLock {
            ($0.served, $0.settling.known, $0.endpoints, $0.registration, storeTrouble($0))
        }
        let states = Dictionary(served.models.map { ($0.name, ServedState(manager.status(of: $0.name))) }) { one, _ in
            one
        }
        let replicas = AgentReplicas(
            settings.configuration,
            routes: known.routes,
            states: states,
            endpoints: endpoints
        )
        state.withLock { $0.replicas = replicas }
        if let routes { routes.set(table(replicas.elsewhere), trouble: trouble) }
        if let registration { member?.register(registration.nodes(states)) }
    }

    /// Why what is known may not be what is.
    private func storeTrouble(_ state: State) -> ServingError? {
        guard member != nil, !state.clock.isConnected else { return nil }
        let reason = state.status.problem?.message ?? state.status.store.reason
        return .unavailable("\(settings.store) is away\(reason.map { ": \($0)" } ?? "")")
    }

    private func table(_ elsewhere: [String: [ReplicaAddress]]) -> RoutesTable {
        var table = RoutesTable()
        var problem: ServingError?
        for (name, addresses) in elsewhere.sorted(by: { $0.key < $1.key }) {
            for address in addresses {
                do throws(ServingError) {
                    try table.add(address, to: name)
                    // An entry without a model's name asks for the part alone; where there is one model it means that.
                    if case .model = settings.scope, let part = SavedModelName(name)?.subGraph {
                        try table.add(address, to: part)
                    }
                } catch {
                    problem = error
                }
            }
        }
        log.problem(problem.map { "\($0)" }, of: .routes)
        return table
    }
}

extension ServedState {
    /// - Parameter versions: the newest first.
    init(_ versions: [VersionStatus]) {
        let shown = versions.first { $0.state == .available } ?? versions.first
        self.init(state: Int64(shown?.state.rawValue ?? 0), answers: versions.contains(where: \.answersWell))
    }
}

// MARK: Reports

extension ServerAgent {
    var report: DeploymentReport {
        let now = MonotonicTime.now()
        let (state, replicas) = state.withLock { ($0, $0.replicas) }
        let known = state.status.known
        return DeploymentReport(
            source: settings.source,
            served: state.served.models.map(\.name).sorted(),
            aliases: state.served.aliases,
            warnings: state.served.warnings + known.warnings,
            store: member.map { _ in
                DeploymentReport.Store(
                    name: "\(settings.store)",
                    isConnected: state.clock.isConnected,
                    secondsInState: Double(state.clock.nanosecondsInState(at: now)) / 1e9,
                    problem: state.status.problem?.message ?? state.status.store.reason,
                    ageSeconds: state.clock.ageNanoseconds(at: now).map { Double($0) / 1e9 },
                    isLayoutStale: known.isLayoutStale,
                    registered: state.status.registered
                )
            },
            routes: replicas.addresses.sorted { $0.key < $1.key }.map { name, addresses in
                DeploymentReport.Route(
                    name: name,
                    addresses: addresses.map(\.description),
                    isStale: known.routes[name]?.isStale ?? false
                )
            }
        )
    }
}

extension DeploymentReport {
    fileprivate static let none = DeploymentReport(
        source: "",
        served: [],
        aliases: [:],
        warnings: [],
        store: nil,
        routes: []
    )
}

extension ClusterStoreState {
    /// Why the store is away, where that is known.
    var reason: String? {
        switch self {
        case .connecting(let reason): reason
        case .connected: nil
        case .expired: "the session has ended"
        case .refused: "ZooKeeper does not accept the identity (ZK_AUTH)"
        }
    }
}

extension ServerAgent: ReplicaDirectory {
    func addresses(of kind: ReplicaKind) -> [String: [String]] {
        state.withLock { $0.replicas }.heartbeat(kind.part)
    }

    func addresses(of kind: ReplicaKind, task: Int, model: String) -> [String] {
        state.withLock { $0.replicas }.replicas(kind.part, task, model: model)
    }

    var container: ContainerFacts {
        let endpoints = state.withLock { $0.endpoints }
        return ContainerFacts(
            address: endpoints.flatMap { endpoints in endpoints.agentPort.map(endpoints.address) } ?? "",
            shardID: settings.environment.shardID,
            replicaID: settings.environment.replicaID(settings.configuration),
            availableMemory: Int64(AvailableMemory.unusedBytes)
        )
    }
}

extension ReplicaKind {
    fileprivate var part: AgentConfiguration.DeployType {
        switch self {
        case .ps: .ps
        case .entry: .entry
        case .dense: .dense
        }
    }
}
