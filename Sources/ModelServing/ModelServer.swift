import AccessControl
import Batching
import EngineEmbedding
public import EngineInterface
import EngineTensorFlow
import EventLoopSupport
import FrontendGRPC
import FrontendREST
import Inference
public import Logging
import ModelSources
import ModelStores
import NIOCore
import NIOPosix
import RequestLogging
import Servables
import ServerConsole
public import ServingConfig
import ServingMetrics
public import ServingPrimitives
import TransportSecurity

/// The whole server in one object: what it is made of, in which order it starts, and in which order it ends.
public final class ModelServer: Sendable {
    /// Where the server listens, with the ports that the system chose in place of 0.
    public struct Addresses: Sendable, Hashable {
        /// `host:port`, and `unix:path` for a socket.
        public var grpc: [String] = []
        public var grpcPort: Int?
        public var restPort: Int?
        public var controlPort: Int?
        public var agentPort: Int?
    }

    private let configuration: ServerConfiguration
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let scheduling: ModelScheduling
    private let manager: ServableManager
    private let inference: InferenceService
    private let health: ServingHealth
    private let source: FileSystemSource
    private let models: ModelConfiguration
    private let grpc: GRPCServer
    private let rest: RESTServer?
    private let console: ServerConsole?
    private let controlPort: ControlPort?
    private let tls: ServerTransportSecurity
    private let apiKeys: APIKeysFile?
    private let requestLogs: RequestLogs
    private let telemetry: ServerTelemetry
    /// `nil` where nobody needs to know what models take.
    private let modelCosts: ModelCosts?
    private let engineProcesses: EngineProcesses
    private let sessionTargets: SessionTargets
    private let predictor: LocalPredictor
    /// `nil` where graphs ask this server's models only.
    private let remote: (predictor: RoutedPredictor, file: RoutesFile?)?
    /// `nil` for a server that is no part of a deployment.
    private let agent: (agent: ServerAgent, grpc: GRPCServer)?
    private let placement: (any ModelPlacement)?
    private let devicesFile: DevicesFile?

    /// Makes all parts; no port is opened yet.
    ///
    /// - Parameters:
    ///   - engine: runs all models of `configuration`.
    ///   - deployment: what the server is a part of, and `configuration` was made for; `nil` for none.
    /// - Throws: what is wrong with the files that the configuration names.
    public init(
        configuration: ServerConfiguration,
        engine: any InferenceEngine,
        deployment: AgentSettings? = nil,
        logger: Logger
    ) throws(ServingError) {
        self.configuration = configuration
        self.logger = logger
        tls = try ServerTransportSecurity(configuration, logger: logger)
        let apiKeys = try configuration.apiKeysFile.map { (path) throws(ServingError) in
            try APIKeysFile(path: path, logger: logger)
        }
        self.apiKeys = apiKeys
        let threads = ThreadCounts.choose(
            cores: System.coreCount,
            engine: configuration.engine,
            loading: configuration.loading
        )
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads.eventLoops)
        self.group = group
        let metrics = ServerMetrics()
        telemetry = try ServerTelemetry(
            configuration.telemetry,
            metrics: metrics,
            lanes: threads.eventLoops * (configuration.rest.port == nil ? 1 : 2),
            group: group,
            logger: logger
        )
        let scheduling = try ModelScheduling(configuration, threadCount: threads.engineThreads, metrics: metrics)
        self.scheduling = scheduling
        let tracer = RunTracer()
        let requestLogs = RequestLogs(
            files: configuration.requestLogFiles,
            savedModelTags: configuration.loading.savedModelTags,
            metrics: metrics,
            logger: logger
        )
        self.requestLogs = requestLogs
        let shards = EmbeddingEngine(
            options: EmbeddingOptions(configuration.embedding, threads: System.coreCount, logger: logger)
        )
        metrics.registry.showEmbeddings { shards.servedTables }
        let engine = configuration.engine(besides: engine, shards: shards, cores: System.coreCount)
        let engineProcesses = try EngineProcesses(
            configuration,
            engineName: engine.name,
            engineThreads: threads.engineThreads,
            metrics: metrics
        )
        self.engineProcesses = engineProcesses
        let sessionTargets = SessionTargets(
            configuration.cluster,
            engine: TensorFlowEngine(options: configuration.engine.options(logger: logger)),
            metrics: metrics
        )
        self.sessionTargets = sessionTargets
        let warmUp = configuration.loading.warmUp(metrics: metrics, logger: logger)
        let devices = try configuration.placement.map { (settings) throws(ServingError) in
            try DeviceInventory.devices(settings, configuration.engine)
        }
        // Under a budget for each device a version is on a device by its own account.
        let mayShare = configuration.modelCache.limit == nil || devices == nil
        let sharing =
            configuration.modelCache.sharesWeights && mayShare
            ? SharingEngine(engine, contents: ContentNumbers { FileDigest.sha256(of: $0) }, logger: logger) : nil
        let modelCache = ModelCacheParts(
            configuration.modelCache,
            devices: devices?.map(CacheDevice.init),
            memory: telemetry.loadMemory,
            copy: configuration.copyExpectation(sharing, engineProcesses, sessionTargets),
            logger: logger
        )
        let cachedPlacement = modelCache.flatMap { _ in devices.map { CachedPlacement(devices: $0, logger: logger) } }
        var placement: (any ModelPlacement)? = cachedPlacement
        var modelCosts = modelCache?.costs
        if modelCosts == nil, let devices {
            let costs = ModelCosts(configuration.modelCache, memory: telemetry.loadMemory, logger: logger)
            modelCosts = costs
            placement = PlacementCoordinator(
                devices: devices,
                prefersTFLite: configuration.loading.prefersTFLite,
                costs: costs,
                logger: logger
            )
        }
        self.modelCosts = modelCosts
        self.placement = placement
        devicesFile = placement.flatMap { placement in
            configuration.placement?.devicesFile.map { DevicesFile(path: $0, placement: placement, logger: logger) }
        }
        let predictor = LocalPredictor(threadCount: threads.engineThreads)
        self.predictor = predictor
        let remote = try RoutedPredictor.make(
            configuration.remoteLookups,
            hasDiscovery: deployment?.scope != nil,
            local: predictor,
            threadCount: threads.engineThreads,
            metrics: metrics,
            logger: logger
        )
        self.remote = remote
        // A version that comes and goes is read from the page cache again and again.
        let flushesFiles = configuration.loading.flushesFileSystemCaches && modelCache == nil
        let manager = ServableManager(
            loaders: ModelLoaderFactory(
                engine: sharing ?? engine,
                engineProcesses: engineProcesses,
                sessionTargets: sessionTargets,
                tags: configuration.loading.savedModelTags,
                scheduling: scheduling,
                warmUp: warmUp,
                metrics: metrics,
                requestLogs: requestLogs.taps,
                loadMemory: telemetry.loadMemory,
                fileCacheFlush: flushesFiles ? FileCacheFlush() : nil,
                tracer: tracer,
                breakers: ModelBreakers(configuration.breaker, metrics: metrics),
                placement: placement,
                remotePredictor: remote?.predictor ?? predictor,
                logger: logger
            ),
            policy: configuration.loading.policy(threads),
            cache: modelCache?.options
        )
        self.manager = manager
        cachedPlacement?.use(manager)
        let health = ServingHealth(requiredModels: configuration.models.map(\.name), manager: manager)
        self.health = health
        let fileSystem = RemoteFileSystem(ModelStoreSettings(configuration.stores), logger: logger)
        metrics.registry.showStores { [weak fileSystem] in fileSystem?.statistics }
        source = FileSystemSource(
            models: [],
            polling: .init(pollWaitSeconds: configuration.loading.pollSeconds),
            prefersTFLite: configuration.loading.prefersTFLite,
            fileSystem: fileSystem,
            coming: { [manager] model, versions in manager.showComing(versions, of: model) },
            logger: logger
        )
        let models = ModelConfiguration(
            manager: manager,
            source: source,
            health: health,
            metrics: metrics.registry,
            requestLogs: requestLogs,
            stores: configuration.stores,
            fileSystem: fileSystem,
            allowsLabelsForUnavailableVersions: configuration.loading.allowsLabelsForUnavailableVersions,
            file: configuration.modelConfigFile.map { ModelConfigurationFile(path: $0) },
            writesBack: configuration.control.writesConfigurationBack,
            repository: configuration.control.modelRepository,
            placement: placement,
            modelsChanged: { [placement] models in
                engineProcesses.configure(models)
                sessionTargets.configure(models)
                placement?.configure(models)
                scheduling.configure(models)
                guard modelCache != nil else { return }
                manager.configureCache(
                    Dictionary(
                        models.map { ($0.name, CacheSettings($0.residency, $0.placement, configuration.modelCache)) },
                        uniquingKeysWith: { first, _ in first }
                    )
                )
            },
            logger: logger
        )
        self.models = models
        let inference = InferenceService(
            manager: manager,
            checksMethodNames: configuration.loading.checksSignatureMethodName,
            metrics: metrics,
            telemetry: telemetry.requests
        )
        telemetry.show(manager, inference)
        placement?.show(in: metrics.registry)
        warmUp?.use(inference)
        predictor.use(inference)
        self.inference = inference
        let serverAgent: ServerAgent? = try deployment.map { (settings) throws(ServingError) in
            try ServerAgent(
                settings,
                manager: manager,
                models: models,
                health: health,
                routes: remote?.predictor.routes,
                metrics: metrics.registry,
                logger: logger
            )
        }
        let limits = ServerLimits(configuration.limits)
        let hasControlPort = configuration.control.port != nil
        let memoryBudget = MemoryBudget(limit: limits.bytesInFlight)
        let forEveryone = PortSettings(
            allowsControl: configuration.control.isEnabled && !hasControlPort,
            access: PortAccess(gate: apiKeys?.gate, servesOperators: !hasControlPort),
            connectionLimit: ConnectionLimit(limits.connections, logger: logger),
            memoryBudget: memoryBudget
        )
        let console =
            configuration.servesConsole
            ? ServerConsole(
                facts: .init(
                    version: ServerVersion.text,
                    cores: System.coreCount,
                    hasControl: configuration.control.isEnabled || hasControlPort,
                    hasDeployment: deployment != nil
                ),
                service: inference,
                manager: manager,
                health: health,
                routes: remote?.predictor.routes
            ) : nil
        self.console = console
        let forOperators = PortSettings(
            isControlPort: true,
            allowsControl: true,
            access: PortAccess(gate: apiKeys?.gate),
            memoryBudget: memoryBudget
        )
        func makeGRPC(_ settings: PortSettings, _ tls: ServerTLS?, tracer: RunTracer?) -> GRPCServer {
            GRPCServer(
                configuration: configuration.grpc.serverConfiguration(settings),
                inference: inference,
                health: health,
                models: models,
                tracer: tracer,
                group: group,
                tls: tls,
                logger: logger
            )
        }
        let report = serverAgent.map { (agent) -> @Sendable () -> DeploymentReport in { agent.report } }
        func makeREST(_ settings: PortSettings, _ tls: ServerTLS?) -> RESTServer? {
            configuration.rest.serverConfiguration(configuration.monitoring, settings, configuration.limits).map {
                RESTServer(
                    configuration: $0,
                    service: inference,
                    health: health,
                    models: models,
                    deployment: report,
                    console: console,
                    routes: remote?.predictor.routes,
                    group: group,
                    tls: tls,
                    logger: logger
                )
            }
        }
        let profiled = configuration.grpc.servesProfiler ? tracer : nil
        // One profile at a time: where operators have a port of their own, they take it there.
        grpc = makeGRPC(forEveryone, tls.grpc, tracer: hasControlPort ? nil : profiled)
        rest = makeREST(forEveryone, tls.rest)
        if let port = configuration.control.port, let rest = makeREST(forOperators, nil) {
            controlPort = ControlPort(
                host: configuration.control.host,
                port: port,
                group: group,
                tls: tls.control,
                grpc: makeGRPC(forOperators, nil, tracer: profiled),
                rest: rest
            )
        } else {
            controlPort = nil
        }
        agent = serverAgent.map { agent in
            // Entries ask in plain text, as Monolith's agents answer.
            let grpc = GRPCServer(
                configuration: agent.portConfiguration(forEveryone),
                inference: inference,
                health: health,
                replicas: agent,
                group: group,
                logger: logger
            )
            return (agent, grpc)
        }
        manager.observe { [logger] id, status in Self.log(id, status, to: logger) }
        manager.observe { [engineProcesses, sessionTargets] id, status in
            guard status.state == .end else { return }
            engineProcesses.forget(id)
            sessionTargets.forget(id)
        }
        engineProcesses.observe { [weak manager] id, trouble in manager?.setTrouble(trouble, of: id) }
        sessionTargets.observe { [weak manager] id, trouble in manager?.setTrouble(trouble, of: id) }
    }

    /// Opens the ports and looks for models for as long as `serving` runs. It is called once the ports are open, which
    /// does not wait for any model.
    ///
    /// - Throws: what is wrong with the configured models; which port or socket cannot be opened and why.
    public func run(serving: @Sendable (Addresses) async -> Void) async throws(ServingError) {
        try await models.start(with: configuration.requestedModels)
        let repository = try await discovery?.start()
        var addresses = Addresses()
        for listener in try await grpc.start() {
            addresses.grpc.append("\(listener)")
            if case .tcp(_, let port) = listener { addresses.grpcPort = addresses.grpcPort ?? port }
        }
        do throws(ServingError) {
            if let rest { addresses.restPort = try await start(rest) }
            if let controlPort { addresses.controlPort = try await controlPort.start() }
            if let agent { addresses.agentPort = try await agent.agent.open(agent.grpc, addresses) }
        } catch {
            // What was opened before is closed again.
            await grpc.shutdown(gracePeriod: .zero)
            await rest?.shutdown(grace: .zero)
            await controlPort?.shutdown(grace: .zero)
            await agent?.grpc.shutdown(gracePeriod: .zero)
            throw error
        }
        await withTaskGroup { group in
            group.addTask { [source, manager] in await source.run { manager.aspire($0) } }
            group.addTask { [tls] in await tls.watch() }
            if let discovery, let repository { group.addTask { await discovery.run(repository) } }
            if let console { group.addTask { await console.run() } }
            if let apiKeys { group.addTask { await apiKeys.watch() } }
            if let placement {
                group.addTask { [models] in for await names in placement.renewals { await models.renew(names) } }
            }
            if let devicesFile { group.addTask { await devicesFile.watch() } }
            if let file = remote?.file { group.addTask { await file.watch() } }
            if let agent { group.addTask { await agent.agent.run() } }
            if let file = configuration.polledModelFile {
                group.addTask { [configuration, models, logger] in
                    await file.poll(
                        everySeconds: configuration.modelConfigPollSeconds,
                        pause: { try? await Task.sleep(nanoseconds: $0) },
                        applying: models,
                        logger: logger
                    )
                }
            }
            await serving(addresses)
            group.cancelAll()
        }
    }

    /// Reads TLS certificates and API keys again and opens the access log anew, as SIGHUP asks. Blocks for some
    /// milliseconds.
    public func hangUp() {
        tls.renewNow()
        apiKeys?.renewNow()
        devicesFile?.renewNow()
        telemetry.reopenFiles()
    }

    /// `nil` where the models are named otherwise.
    private var discovery: RepositoryDiscovery? {
        guard configuration.discoversModels, let folder = configuration.control.modelRepository else { return nil }
        return RepositoryDiscovery(
            folder: folder,
            pollSeconds: configuration.loading.pollSeconds,
            models: models,
            logger: logger
        )
    }

    /// Opens the REST port.
    private func start(_ rest: RESTServer) async throws(ServingError) -> Int {
        do {
            return try await rest.start()
        } catch {
            throw .unavailable("cannot listen for REST on port \(configuration.rest.port ?? 0): \(error)")
        }
    }

    /// Ends the server in order: readiness off, no new connections, answers in flight finish within the grace period,
    /// models unload, threads end.
    public func shutdown() async {
        health.beginDraining()
        await withdraw()
        // Answers that wait for their batch must not wait for company.
        scheduling.drain()
        let grace = Duration.seconds(configuration.lifecycle.drainGraceSeconds)
        await withDiscardingTaskGroup { group in
            group.addTask { [grpc] in await grpc.shutdown(gracePeriod: grace) }
            if let rest { group.addTask { await rest.shutdown(grace: TimeAmount(grace)) } }
            if let controlPort { group.addTask { await controlPort.shutdown(grace: grace) } }
            if let agent { group.addTask { await agent.grpc.shutdown(gracePeriod: grace) } }
        }
        await unload(within: grace)
        remote?.predictor.close()
        predictor.close()
        scheduling.shutdown()
        await requestLogs.close(withinSeconds: Self.logGraceSeconds)
        _ = await onOwnThread(named: "costs") { [modelCosts] in modelCosts?.close() }
        _ = await onOwnThread(named: "telemetry") { [telemetry] in telemetry.close() }
        do {
            try await group.shutdownGracefully()
        } catch {
            logger.error("The event loops did not end cleanly", metadata: ["error": "\(error)"])
        }
    }

    /// Takes what is registered back, so that others go elsewhere before this server stops to answer. A store that does not
    /// answer must not keep the process: the session ends without a word then.
    private func withdraw() async {
        guard let agent = agent?.agent else { return }
        await withTaskGroup { group in
            group.addTask { _ = await onOwnThread(named: "withdraw") { agent.withdraw() } }
            group.addTask { try? await Task.sleep(for: .seconds(Self.withdrawalSeconds)) }
            await group.next()
            group.cancelAll()
        }
    }

    private static let withdrawalSeconds = 5

    /// A disk that hangs must not keep the process.
    private static let logGraceSeconds = 5

    /// Unloads all models. A run that outlives the grace period (TensorFlow cannot interrupt a kernel) must not keep
    /// the process: after it, the models go with the process.
    private func unload(within grace: Duration) async {
        await withTaskGroup { group in
            group.addTask { [manager] in await manager.shutdown() }
            group.addTask { try? await Task.sleep(for: max(grace, .seconds(1))) }
            await group.next()
            group.cancelAll()
        }
    }

    private static func log(_ id: ServableID, _ status: VersionStatus, to logger: Logger) {
        var metadata: Logger.Metadata = [
            "model": "\(id.name)", "version": "\(id.version)", "state": "\(status.state.name)",
        ]
        if let error = status.error {
            metadata["error"] = "\(error)"
            let what = status.state == .available ? "A version does not answer at the moment" : "A version failed"
            logger.error("\(what)", metadata: metadata)
        } else {
            // The states that only pass by are for those who look closely.
            let level: Logger.Level = status.state == .start || status.state == .unloading ? .debug : .info
            logger.log(level: level, "A version changed its state", metadata: metadata)
        }
    }
}
