import Inference
import Logging
import ModelSources
import RequestLogging
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import ServingTestKit
import Testing

@testable import ModelServing

/// The configuration over a manager whose loads end when the test says so. The test also plays the source.
private struct Bench {
    let loaders = PuppetLoaders()
    let manager: ServableManager
    let health: ServingHealth
    let metrics = MetricRegistry()
    let configuration: ModelConfiguration

    init() {
        manager = ServableManager(loaders: loaders, policy: LoadPolicy(maximumRetries: 0))
        health = ServingHealth(requiredModels: [], manager: manager)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        configuration = ModelConfiguration(
            manager: manager,
            source: FileSystemSource(models: [], logger: logger),
            health: health,
            metrics: metrics,
            requestLogs: RequestLogs(metrics: ServerMetrics(), logger: logger),
            allowsLabelsForUnavailableVersions: false,
            logger: logger
        )
    }

    func find(_ versions: Int64..., of model: String) {
        manager.aspire(
            AspiredVersions(
                model: model,
                versions: versions.map { AspiredVersion(id: ServableID(name: model, version: $0), path: "/\($0)") }
            )
        )
    }

    func reload(_ names: String..., metrics: [String] = []) async throws(ServingError) -> [String] {
        let models = names.map { ServerConfiguration.Model(name: $0, basePath: "/\($0)") }
        return try await configuration.reload(.list(models), metrics: metrics).map { "\($0.name) \($0.increase)" }
    }

    /// Returns when a reload has been taken over, which its models tell by being required.
    func waitUntilRequired(_ model: String) async {
        while health.status(of: model) == nil { await Task.yield() }
    }
}

@Suite struct ModelConfigurationTests {
    @Test(.timeLimit(.minutes(1)))
    func `a file that says what it said does not take back a call for one model`() async throws {
        let bench = Bench()
        let models = ["a", "b"].map { ServerConfiguration.Model(name: $0, basePath: "/\($0)") }
        try await bench.configuration.replace(with: .list(models))
        try await bench.configuration.unload("b")
        #expect(bench.health.status(of: "b") == nil)
        try await bench.configuration.replace(with: .list(models))
        #expect(bench.health.status(of: "b") == nil, "the file has not changed")
        try await bench.configuration.replace(with: .list(Array(models.reversed())))
        #expect(bench.health.status(of: "b") != nil, "it has")
        try await bench.configuration.unload("b")
        _ = try await bench.reload()
        try await bench.configuration.replace(with: .list(Array(models.reversed())))
        #expect(bench.health.status(of: "a") != nil, "what a reload did is taken back, as in TensorFlow Serving")
        #expect(await bench.configuration.knownModels() == ["a", "b"])
    }

    @Test func `what nobody has named is neither loaded nor unloaded`() async throws {
        let bench = Bench()
        let load = await #expect(throws: ServingError.self) { try await bench.configuration.load("x", ModelSettings()) }
        let unload = await #expect(throws: ServingError.self) { try await bench.configuration.unload("x") }
        #expect(load?.code == .notFound && unload?.code == .notFound)
        let nowhere = ModelSettings(basePath: "/no/such/folder")
        let missing = await #expect(throws: ServingError.self) { try await bench.configuration.load("x", nowhere) }
        #expect(missing?.code == .notFound)
        #expect(bench.health.status(of: "x") == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a reload returns when its new models are available`() async throws {
        let bench = Bench()
        let call = Task { try await bench.reload("a", "b") }
        await bench.waitUntilRequired("b")
        bench.find(1, of: "a")
        bench.find(1, of: "b")
        try await bench.loaders.nextLoad().succeed()
        try await bench.loaders.nextLoad().succeed()
        #expect(try await call.value.isEmpty)
        #expect(bench.health.isReady)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a reload without new models does not wait`() async throws {
        let bench = Bench()
        try await bench.configuration.start(with: .list([.init(name: "a", basePath: "/a")]))
        _ = try await bench.reload("a")
        _ = try await bench.reload()
        #expect(bench.health.status(of: "a") == nil)
        #expect(bench.health.isReady)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a model that fails ends the reload with its reason`() async throws {
        let bench = Bench()
        let call = Task { try await bench.reload("a") }
        await bench.waitUntilRequired("a")
        bench.find(3, of: "a")
        try await bench.loaders.nextLoad().fail(.notFound("no file"))
        await #expect(
            throws: ServingError(
                .unknown,
                "1 model(s) did not become available: {{{name: a version: 3} due to error: NOT_FOUND: no file}, }"
            )
        ) { try await call.value }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a reload that waits holds up no later one, and ends when its model is removed`() async throws {
        let bench = Bench()
        let call = Task { try await bench.reload("never") }
        await bench.waitUntilRequired("never")
        try await bench.configuration.replace(with: .list([]))
        await #expect(throws: ServingError.self) { try await call.value }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a caller that goes away leaves the reload to go on`() async throws {
        let bench = Bench()
        let call = Task { try await bench.reload("a") }
        await bench.waitUntilRequired("a")
        call.cancel()
        await #expect(throws: ServingError(.cancelled, "The caller no longer waits for the new models")) {
            try await call.value
        }
        #expect(bench.health.status(of: "a") == .notServing)
        bench.find(1, of: "a")
        try await bench.loaders.nextLoad().succeed()
        while bench.health.status(of: "a") != .serving { await Task.yield() }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a reload counts what metrics grow by meanwhile, and 0 for unknown names`() async throws {
        let bench = Bench()
        let loads = bench.metrics.counter("/loads").cell([])
        loads.increment()
        let call = Task { try await bench.reload("a", metrics: ["/none", "/loads"]) }
        await bench.waitUntilRequired("a")
        bench.find(1, of: "a")
        let load = try await bench.loaders.nextLoad()
        loads.increment(by: 5)
        load.succeed()
        #expect(try await call.value == ["/none 0", "/loads 5"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a refused configuration changes nothing`() async throws {
        let bench = Bench()
        try await bench.configuration.start(with: .list([.init(name: "a", basePath: "/a")]))
        await #expect(throws: ServingError.self) { try await bench.reload("b", "b") }
        #expect(bench.health.status(of: "a") == .notServing)
        #expect(bench.health.status(of: "b") == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func `labels lead to their versions from the start`() async throws {
        let bench = Bench()
        var model = ServerConfiguration.Model(name: "a", basePath: "/a")
        model.versionLabels = ["stable": 1]
        try await bench.configuration.start(with: .list([model]))
        #expect(throws: ServingError.notFound("Servable not found for request: Specific(a, 1)")) {
            try bench.manager.lease("a", .label("stable"))
        }
        bench.find(1, of: "a")
        try await bench.loaders.nextLoad().succeed()
        while bench.health.status(of: "a") != .serving { await Task.yield() }
        #expect(try bench.manager.lease("a", .label("stable")).id.version == 1)
    }
}
