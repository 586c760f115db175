import Batching
import Inference
import Servables
import ServingConfig
import ServingPrimitives
import ServingTestKit

@testable import FrontendGRPC

/// An inference service over fake models, with the health that belongs to it.
final class TestServing: Sendable {
    let manager: ServableManager
    let scheduler: BatchScheduler
    let inference: InferenceService
    let health: ServingHealth
    /// What a reload goes to.
    let control: (any ModelControl)?

    init(
        _ models: [String: FakeModel],
        requiredModels: [String] = [],
        control: (any ModelControl)? = nil,
        threadCount: Int = 2,
        rules: ModelQueues.Rules = .alone
    ) {
        let scheduler = BatchScheduler(threadCount: threadCount)
        self.scheduler = scheduler
        let loaders = FakeLoaderFactory(models) { ModelQueues(scheduler: scheduler, rules: rules) }
        manager = ServableManager(loaders: loaders, policy: LoadPolicy(maximumRetries: 0))
        inference = InferenceService(manager: manager)
        health = ServingHealth(requiredModels: requiredModels, manager: manager)
        self.control = control
    }

    deinit { scheduler.shutdown() }

    /// Serves exactly these versions of a model; returns when each of them is available or has failed.
    func serve(_ model: String, _ versions: Int64...) async {
        manager.aspire(
            AspiredVersions(
                model: model,
                versions: versions.map { AspiredVersion(id: ServableID(name: model, version: $0), path: "/\($0)") }
            )
        )
        await wait { [manager] in
            manager.status(of: model).allSatisfy { status in
                versions.contains(status.version)
                    ? status.state == .available || status.error != nil : status.state == .end
            }
        }
    }

    /// Returns when `condition` holds; looks again after every change of a model's state.
    func wait(until condition: @escaping @Sendable () -> Bool) async {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self)
        let observer = health.observe { continuation.yield() }
        continuation.yield()
        for await _ in changes where condition() { break }
        health.stopObserving(observer)
    }

    /// Services as the server makes them.
    func services() -> GRPCServices {
        GRPCServices(inference: inference, health: health, configuration: GRPCServerConfiguration(listeners: []))
    }
}
